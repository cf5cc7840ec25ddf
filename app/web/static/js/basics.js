// What every other module stands on: elements, dressing, texts, fetching, dialogs.

// Finding, making and hearing elements.
export const root = document.documentElement;
/** @type {(selector: string, place?: any) => any} */
export const $ = (selector, place = document) => place.querySelector(selector);
/** @type {(selector: string, place?: any) => any[]} */
export const $$ = (selector, place = document) => [...place.querySelectorAll(selector)];
/** @type {(id: string) => any} */
export const byId = (id) => document.getElementById(id);

// Hears of it wherever on the page it happens; `early` before those who hear of it at its place.
/** @type {(type: string, act: (event: any) => void, early?: boolean) => void} */
export const hear = (type, act, early = false) => document.addEventListener(type, act, early);

// Calls `act(found, event)` for whatever matches, also for what comes into the page later.
/** @type {(type: string, selector: string, act: (found: any, event: any) => void) => void} */
export const on = (type, selector, act) =>
  hear(type, (event) => {
    const found = event.target.closest?.(selector);
    if (found) act(found, event);
  });

// Attributes that are false or missing are left out; a function is a listener: `onclick: act`.
export const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

// Of a group of buttons one is pressed.
export const press = (chosen) =>
  $$('button', chosen.parentElement).forEach((one) =>
    one.setAttribute('aria-pressed', one === chosen)
  );

// What a page or a fragment needs when it arrives: `app.js` says what is dressed, and in which order.

const ways = [];

export const dresses = (selector, act) => ways.push([selector, act]);

export const dress = (place) => {
  for (const [selector, act] of ways) {
    if (place.matches?.(selector)) act(place);
    $$(selector, place).forEach(act);
  }
};

// What the script remembers of an element; not on the element, where a field's name would hide it.
const remembered = new WeakMap();

export const memory = (element) => {
  if (!remembered.has(element)) remembered.set(element, {});
  return remembered.get(element);
};

// What the script says: translated on the server (app/web/texts.py), in the block #js-texts.

export const texts = JSON.parse($('#js-texts')?.textContent || '{}');
const tongue = texts.locale || 'en';
const rules = new Intl.PluralRules(tongue);

export const t = (key, values = {}) =>
  (texts[key] || key).replace(/{(\w+)}/g, (all, name) => values[name] ?? all);

export const count = (n) => n.toLocaleString(tongue);

// A text that counts something comes in the forms of its language: {one: "{n} …", few: …, other: …}.
export const counted = (forms, n, shown = count(n)) => {
  const text = typeof forms === 'string' ? forms : forms[rules.select(n)] ?? forms.other;
  return text.replace('{n}', shown);
};

export const number = (options) => new Intl.NumberFormat(texts.locale, options);

// Says it to whoever listens to the page instead of looking at it.
export const say = (text) => {
  const live = $('#live');
  if (live) live.textContent = text;
};

// Asking the server for pieces of pages and for names.

const checked = (answer) => {
  if (!answer.ok) throw new Error(answer.status === 401 ? t('otherSession') : t('failed'));
  return answer;
};

export const fetchText = async (url) => {
  const answer = checked(await fetch(url, { headers: { Accept: 'text/html' } }));
  // Whoever is led elsewhere has been signed out meanwhile.
  if (answer.redirected && !answer.url.includes(new URL(url, location.href).pathname)) {
    throw new Error(t('otherSession'));
  }
  return answer.text();
};

export const fetchJson = async (url) =>
  checked(await fetch(url, { headers: { Accept: 'application/json' } })).json();

export const postForm = async (url, body) =>
  checked(await fetch(url, { method: 'POST', body })).text();

// Dialogs: opening and closing, and asking again before something that matters.

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
