// Forms: sent once, unsaved changes counted, nothing lost by leaving.
import { ask } from './dialogs.js';
import { $, $$, hear, on } from './dom.js';
import { memory } from './memory.js';
import { counted, say, t, texts } from './texts.js';

const markSent = (form, button) => {
  memory(form).sent = true;
  memory(form).dirty = false;
  if (!button) return;
  button.classList.add('busy');
  button.setAttribute('aria-disabled', 'true');
  say(t('saving'));
};
hear('submit', (event) => {
  const form = event.target;
  const method = form.getAttribute('method');
  if (method === 'dialog') return;
  if (memory(form).sent) event.preventDefault();
  else if (method === 'post') {
    // Whoever else listens may still have stopped it.
    setTimeout(() => {
      if (!event.defaultPrevented) markSent(form, event.submitter);
    });
  }
});
// A page that comes back from the browser's memory can be sent again.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  $$('form').forEach((form) => {
    memory(form).sent = false;
  });
  $$('.busy').forEach((button) => {
    button.classList.remove('busy');
    button.removeAttribute('aria-disabled');
  });
});

const stateOf = (form) => {
  const values = {};
  for (const [name, value] of new FormData(form)) {
    if (name === 'csrf_token') continue;
    (values[name] ||= []).push(value instanceof File ? value.name : value);
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, list]) => [name, JSON.stringify(list)]),
  );
};
const changesOf = (form) => {
  const now = stateOf(form);
  const then = memory(form).first || {};
  const names = new Set([...Object.keys(now), ...Object.keys(then)]);
  return [...names].filter((name) => now[name] !== then[name]).length;
};

export const rememberFirst = (form) => {
  memory(form).first = stateOf(form);
};
export const guard = (form) => {
  const n = changesOf(form);
  const line = $('[data-dirty]', form);
  memory(form).dirty = n > 0;
  if (!line) return;
  line.hidden = !n;
  line.textContent = counted(texts.unsavedCount || '', n);
};
on('input', 'form[data-guard]', guard);
on('change', 'form[data-guard]', guard);
addEventListener('beforeunload', (event) => {
  if ($$('form[data-guard]').some((form) => memory(form).dirty)) event.preventDefault();
});
on('click', '[data-discard]', async (link, event) => {
  const form = link.closest('form');
  if (!form || !memory(form).dirty) return;
  event.preventDefault();
  if (await ask(t('unsaved'), t('leave'), true)) {
    memory(form).dirty = false;
    location.href = link.href;
  }
});
