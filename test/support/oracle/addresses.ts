/** IPv4 addresses and CIDR blocks. */

/** Whether the address is in a block; a block without a length is one address. */
export function isInBlock(address: string, block: string): boolean {
  const [base = '', length = '32'] = block.split('/');
  const bits = 32 - Number(length);
  return Math.floor(numberOf(address) / 2 ** bits) === Math.floor(numberOf(base) / 2 ** bits);
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
