// How many belong to a segment as it stands now, and the first of them.
import { $, make, root } from '../dom.js';
import { texts } from './given.js';

const [figure, wrong, sample] = [
  '[data-segment-count]',
  '[data-segment-error]',
  '[data-segment-sample]',
].map((selector) => $(selector));
const { value: csrf } = $('input[name=csrf_token]');

const post = async (url, definition) => {
  const answer = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(definition),
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json',
      'X-CSRFToken': csrf,
    },
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
};
const drawClient = ({ name, number, url }) =>
  make(
    'li',
    {},
    make('a', { href: url }, name),
    ' ',
    make('span', { class: 'dim' }, number),
  );
const show = ({ count, sample: clients }) => {
  wrong.hidden = true;
  figure.textContent = new Intl.NumberFormat(root.lang).format(count);
  sample.replaceChildren(...clients.map(drawClient));
};
const showFailure = (problem) => {
  wrong.textContent = problem.message || texts.failed;
  wrong.hidden = false;
  figure.textContent = '–';
  sample.replaceChildren();
};

// Only the answer to the last question counts.
let last = 0;
export const count = async (url, definition) => {
  const mine = ++last;
  const answered = await post(url, definition).then(
    (found) => () => show(found),
    (problem) => () => showFailure(problem),
  );
  if (mine === last) answered();
};
