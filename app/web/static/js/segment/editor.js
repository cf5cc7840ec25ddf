// The editor of segments: nested groups of conditions, kept as JSON in a hidden field, counted while they are written.
import { $, make } from '../dom.js';
import { count } from './count.js';
import { fieldOf, fields, texts } from './given.js';
import { definitionOf, depthOf, treeOf } from './tree.js';
import { drawOption, drawValue } from './values.js';

const DEEPEST = 3;
const WORDS = [['all', texts.all], ['any', texts.any], ['not', texts.not]];
const place = $('[data-segment]');
const hidden = $('[data-segment-definition]');
const tree = treeOf(JSON.parse(hidden.value || '{}'));

const ask = () => count(place.dataset.countUrl, definitionOf(tree));
let waiting;
const changed = () => {
  hidden.value = JSON.stringify(definitionOf(tree));
  hidden.dispatchEvent(new Event('input', { bubbles: true }));
  clearTimeout(waiting);
  waiting = setTimeout(ask, 300);
};
const draw = () => place.replaceChildren(drawGroup(tree, null));
const redraw = () => {
  draw();
  changed();
};

const drawSelect = (label, options, chosen) =>
  make('select', {
    class: 'form-select',
    'aria-label': label,
    onchange: (event) => chosen(event.target.value),
  }, ...options);
const drawRemove = (group, part, label) =>
  make('button', {
    type: 'button',
    class: 'btn sq ghost',
    'aria-label': label,
    title: label,
    onclick: () => {
      group.parts.splice(group.parts.indexOf(part), 1);
      redraw();
    },
  }, '×');

const fieldOptions = (chosen) =>
  [...new Set(fields.map((field) => field.area))].map((area) =>
    make(
      'optgroup',
      { label: area },
      ...fields
        .filter((field) => field.area === area)
        .map(({ name, label }) => drawOption(name, label, name === chosen)),
    )
  );
const drawField = (part, drawRow) =>
  drawSelect(texts.field, fieldOptions(part.field), (name) => {
    part.field = name;
    part.op = fieldOf(part).operators[0].name;
    part.value = undefined;
    drawRow();
    changed();
  });
const drawOperator = (part, drawRow) => {
  const options = fieldOf(part).operators.map(({ name, label }) =>
    drawOption(name, label, name === part.op)
  );
  return drawSelect(texts.operator, options, (name) => {
    part.op = name;
    drawRow();
    changed();
  });
};
const drawCondition = (group, part) => {
  const row = make('div', { class: 'row-f segment-row' });
  const drawRow = () =>
    row.replaceChildren(
      drawField(part, drawRow),
      drawOperator(part, drawRow),
      drawValue(part, changed),
      drawRemove(group, part, `${texts.remove}: ${fieldOf(part).label}`),
    );
  if (fieldOf(part)) drawRow();
  else row.append(part.field, drawRemove(group, part, texts.remove)); // one that is no more
  return row;
};

const drawAdd = (group, label, look, made) =>
  make('button', {
    type: 'button',
    class: `btn sm ${look}`,
    onclick: () => {
      group.parts.push(made());
      redraw();
    },
  }, label);
const newCondition = () => {
  const field = fieldOf({ field: 'last_order' }) || fields[0];
  return { field: field.name, op: field.operators[0].name };
};
const newGroup = () => ({ word: 'any', parts: [] });

const drawHead = (group, parent) => {
  const options = WORDS.map(([word, text]) => drawOption(word, text, word === group.word));
  const choice = drawSelect(texts.how, options, (word) => {
    group.word = word;
    changed();
  });
  const remove = parent && drawRemove(parent, group, texts.remove);
  return make('div', { class: 'row-f' }, choice, remove);
};
const drawGroup = (group, parent) =>
  make(
    'fieldset',
    { class: 'segment-group stack-s' },
    drawHead(group, parent),
    ...group.parts.map((part) => part.parts ? drawGroup(part, group) : drawCondition(group, part)),
    group.parts.length ? null : make('p', { class: 's dim' }, texts.everybody),
    make(
      'div',
      { class: 'row-f' },
      drawAdd(group, texts.add, '', newCondition),
      depthOf(group, tree) < DEEPEST ? drawAdd(group, texts.group, 'ghost', newGroup) : null,
    ),
  );

draw();
ask();
