// Dialogs: opening and closing, and asking again before something that matters.
import { byId, hear, make, on } from './dom.js';
import { memory } from './memory.js';
import { counted, t, texts } from './texts.js';

export const open = (dialog) => {
  memory(dialog).cameFrom = document.activeElement;
  dialog.showModal();
};
hear('close', (event) => memory(event.target).cameFrom?.focus?.(), true);
on('click', '[data-open]', (button) => open(byId(button.dataset.open)));
on('click', '[data-close]', (button) => button.closest('dialog').close());
on('click', 'dialog', (dialog, event) => {
  if (event.target === dialog) dialog.close();
});

const drawQuestion = (text, label, buttons) =>
  make(
    'dialog',
    { class: 'sheetbox', 'aria-labelledby': 'h-ask', 'aria-describedby': 'ask-text' },
    make('header', {}, make('h2', { id: 'h-ask' }, label)),
    make('div', { class: 'pad' }, make('p', { id: 'ask-text' }, text)),
    make('footer', { class: 'row-f' }, make('span', { class: 'push' }), ...buttons),
  );

// The text names the consequence; the button says what will be done.
export const ask = (text, label, danger) =>
  new Promise((resolve) => {
    const end = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const no = make(
      'button',
      { type: 'button', class: 'btn ghost', onclick: () => end(false) },
      t('stay'),
    );
    const yes = make('button', {
      type: 'button',
      class: danger ? 'btn danger' : 'btn btn-primary',
      onclick: () => end(true),
    }, label);
    const dialog = drawQuestion(text, label, [no, yes]);
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      end(false);
    });
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) end(false);
    });
    document.body.append(dialog);
    open(dialog);
    (danger ? no : yes).focus();
  });

const consequence = (button) => {
  const bar = button.closest('.bulk');
  const n = bar ? memory(bar).n : 0;
  const { confirm, confirmForms } = button.dataset;
  const said = confirmForms ? JSON.parse(confirmForms) : confirm;
  // Beyond the cap nobody counts: the sentence says so.
  return n === null ? counted(said, Number(texts.cap), t('moreThanCap')) : counted(said, n);
};
hear('click', async (event) => {
  const button = event.target.closest?.('[data-confirm]');
  if (!button || memory(button).asked || button.getAttribute('aria-disabled') === 'true') return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const label = button.dataset.confirmLabel || button.textContent.trim();
  if (await ask(consequence(button), label, 'confirmDanger' in button.dataset)) {
    memory(button).asked = true;
    button.click();
    memory(button).asked = false;
  }
}, true);
