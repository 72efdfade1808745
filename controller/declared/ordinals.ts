/** Numbers that stand for objects in keys. */

/** From 0, in the order in which they were first asked for. */
export function ordinals(): (object: object) => number {
  const numbers = new Map<object, number>();
  return (object) => {
    const number = numbers.get(object) ?? numbers.size;
    numbers.set(object, number);
    return number;
  };
}
