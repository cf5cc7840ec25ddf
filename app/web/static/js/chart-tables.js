// What a chart is drawn from: the table beside it.
import { $ } from './dom.js';
import { number } from './texts.js';

const linkOf = (cell) => $('a', cell)?.href;
const figuresOf = (row) => [...row.cells].slice(1);

export const readTable = (table) => {
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  return {
    names: heads.map((cell) => cell.dataset.name || cell.textContent.trim()),
    kind: heads[1]?.dataset.kind,
    currency: heads.map((cell) => cell.dataset.currency),
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    values: rows.map((row) =>
      figuresOf(row).map(({ dataset }) => (dataset.v === '' ? null : Number(dataset.v)))
    ),
    urls: rows.map((row) =>
      figuresOf(row).map((cell) => linkOf(cell) || row.dataset.url || linkOf(row.cells[0]) || '')
    ),
  };
};

// How its figures are written: in full beside the pointer, short along an axis.
export const writing = ({ kind, currency }) => {
  const money = kind === 'money' && currency[1];
  const style = money ? { style: 'currency', currency: money } : {};
  const whole = number(money ? style : { maximumFractionDigits: 2 });
  const short = number({ ...style, notation: 'compact', maximumFractionDigits: 1 });
  const unit = kind === 'percent' ? ' %' : '';
  return {
    whole: (v) => (v === null || v === undefined ? '–' : whole.format(v) + unit),
    short: (v) => (v ? short.format(v) + unit : '0'),
  };
};
