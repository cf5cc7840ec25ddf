// What the script remembers of an element; not on the element, where a field's name would hide it.
const remembered = new WeakMap();

export const memory = (element) => {
  if (!remembered.has(element)) remembered.set(element, {});
  return remembered.get(element);
};
