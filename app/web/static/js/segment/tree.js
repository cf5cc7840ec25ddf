// The conditions of a segment. A group is {word, parts}, a condition {field, op, value}; the server's shape nests
// {all: […]}, {any: […]} and {not: …}.

const parse = (node) => {
  for (const word of ['all', 'any']) {
    if (Array.isArray(node[word])) return { word, parts: node[word].map(parse) };
  }
  if (node.not) {
    const inner = parse(node.not);
    return { word: 'not', parts: inner.word === 'any' ? inner.parts : [inner] };
  }
  if (node.field) return { field: node.field, op: node.op, value: node.value };
  return { word: 'all', parts: [] };
};

const plain = (part) => {
  if (!part.parts) {
    const { field, op, value } = part;
    return value === undefined ? { field, op } : { field, op, value };
  }
  // What is unfinished goes too: the server says where, and nobody is written to by half a condition.
  const parts = part.parts.map(plain);
  return part.word === 'not' ? { not: { any: parts } } : { [part.word]: parts };
};

export const treeOf = (definition) => {
  const tree = parse(definition);
  return tree.parts ? tree : { word: 'all', parts: [tree] };
};
export const definitionOf = (tree) => (tree.parts.length ? plain(tree) : {});

// How many groups a part lies in; -1 if it is not in the tree.
export const depthOf = (part, at, level = 0) =>
  at === part
    ? level
    : Math.max(-1, ...(at.parts || []).map((child) => depthOf(part, child, level + 1)));
