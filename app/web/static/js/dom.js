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
