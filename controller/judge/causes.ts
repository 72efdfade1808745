export type CauseCode = 'MP1001';
