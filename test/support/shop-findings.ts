/** What the README of the scenario `shop` says is wrong with its declared objects; severity and cause, sorted. */
export const SHOP_CONFLICTS: readonly string[] = [
  'critical MP1005',
  'critical MP1010',
  'critical MP1202',
  'error MP1002',
  'error MP1003',
  'error MP1009',
  'error MP1015',
  'error MP1401',
  'warning MP1404',
];
