// The script of Tresen: no library but Bootstrap's menus, tabs and drawer, and on some pages Tom Select, flatpickr and
// ECharts. Everything is found by data attributes and works on fragments that are loaded later. What it says comes
// translated from the JSON block #js-texts. Attributes are listed in app/web/README.md.
(() => {
  'use strict';
  const root = document.documentElement;
  const $ = (selector, place = document) => place.querySelector(selector);
  const $$ = (selector, place = document) => [...place.querySelectorAll(selector)];
  const on = (type, selector, act) => document.addEventListener(type, event => {
    const found = event.target.closest?.(selector);
    if (found) act(found, event);
  });
  const texts = JSON.parse($('#js-texts')?.textContent || '{}');
  const t = (key, values = {}) => (texts[key] || key).replace(/{(\w+)}/g, (all, name) => values[name] ?? all);
  // A text that counts something comes in the forms of its language: {one: "{n} …", few: …, other: …}.
  const rules = new Intl.PluralRules(texts.locale || 'en');
  const counted = (forms, n, shown = count(n)) => (typeof forms === 'string' ? forms : forms[rules.select(n)] ?? forms.other).replace('{n}', shown);
  const say = text => { const live = $('#live'); if (live) live.textContent = text; };
  const make = (tag, attributes = {}, ...children) => {
    const el = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) el.setAttribute(name, '');
      else if (value !== false && value !== null && value !== undefined) el.setAttribute(name, value);
    }
    el.append(...children.filter(child => child !== null && child !== undefined));
    return el;
  };
  // What the script remembers of a form; not on the form itself, where a field's name would hide it.
  const remembered = new WeakMap();
  const memory = el => { if (!remembered.has(el)) remembered.set(el, {}); return remembered.get(el); };
  const count = n => n.toLocaleString(texts.locale || 'en');
  const fetchText = async url => {
    const answer = await fetch(url, { headers: { 'X-Requested-With': 'fetch', Accept: 'text/html' }, credentials: 'same-origin' });
    if (!answer.ok) throw new Error(answer.status === 401 ? t('otherSession') : t('failed'));
    if (answer.redirected && !answer.url.includes(new URL(url, location.href).pathname)) throw new Error(t('otherSession'));
    return answer.text();
  };

  // ---- look: theme and density ---------------------------------------------------------------------------------
  const keep = (name, value) => {
    const age = value ? 31536000 : 0;
    document.cookie = `${name}=${value};path=/;max-age=${age};samesite=lax${location.protocol === 'https:' ? ';secure' : ''}`;
  };
  const pressed = (group, chosen) => $$('button', group).forEach(one => one.setAttribute('aria-pressed', one === chosen));
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const cookie = name => (document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`)) || [])[1] || '';
  const applyTheme = () => {
    // Tabler's own dark values hang on the attribute, so it is set also when the system decides.
    root.dataset.bsTheme = cookie('theme') || (dark.matches ? 'dark' : 'light');
    drawCharts();
  };
  on('click', '[data-theme-set]', el => { keep('theme', el.dataset.themeSet); pressed(el.parentElement, el); applyTheme(); say(el.textContent.trim()); });
  on('click', '[data-density-set]', el => {
    const compact = el.dataset.densitySet === 'compact';
    keep('density', compact ? 'compact' : ''); pressed(el.parentElement, el);
    if (compact) root.dataset.density = 'compact'; else delete root.dataset.density;
  });
  dark.addEventListener('change', () => applyTheme());

  // ---- shell ---------------------------------------------------------------------------------------------------
  if (window.tabler?.Dropdown) tabler.Dropdown.Default.popperConfig = { strategy: 'fixed' };
  const side = $('#side');
  ['show', 'hidden'].forEach(name => side?.addEventListener(`${name}.bs.offcanvas`, () => {
    if (name === 'show') side.setAttribute('aria-label', side.dataset.name); else side.removeAttribute('aria-label');
  }));
  document.addEventListener('keydown', event => {
    const typing = /INPUT|TEXTAREA|SELECT/.test(document.activeElement?.tagName) || document.activeElement?.isContentEditable;
    const asked = (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) || (event.key === 'k' && (event.ctrlKey || event.metaKey));
    const find = $('#find');
    if (asked && find) { event.preventDefault(); find.focus(); find.select(); }
    if (event.key === 'Escape' && document.activeElement === find) find.blur();
  });
  on('click', '[data-dismiss]', el => el.closest('.note').remove());
  on('click', '[data-back]', () => { if (history.length > 1) history.back(); else location.href = '/'; });
  on('click', '[aria-disabled="true"]', (el, event) => { event.preventDefault(); event.stopPropagation(); });
  on('click', '[data-reveal]', el => {
    const field = document.getElementById(el.dataset.reveal), show = field.type === 'password';
    field.type = show ? 'text' : 'password';
    el.setAttribute('aria-pressed', show);
    el.setAttribute('aria-label', t(show ? 'hide' : 'show')); el.title = t(show ? 'hide' : 'show');
  });

  // ---- dialogs -------------------------------------------------------------------------------------------------
  const open = dialog => { dialog.returnFocus = document.activeElement; dialog.showModal(); };
  document.addEventListener('close', event => event.target.returnFocus?.focus?.(), true);
  on('click', '[data-open]', el => open(document.getElementById(el.dataset.open)));
  on('click', '[data-close]', el => el.closest('dialog').close());
  on('click', 'dialog', (el, event) => { if (event.target === el) el.close(); });

  // Asking again names the consequence; the button says what will be done.
  const ask = (text, label, danger) => new Promise(resolve => {
    const yes = make('button', { type: 'button', class: danger ? 'btn danger' : 'btn btn-primary' }, label);
    const no = make('button', { type: 'button', class: 'btn ghost' }, t('stay'));
    const dialog = make('dialog', { class: 'sheetbox', 'aria-labelledby': 'h-ask', 'aria-describedby': 'ask-text' },
      make('header', {}, make('h2', { id: 'h-ask' }, label)), make('div', { class: 'pad' }, make('p', { id: 'ask-text' }, text)),
      make('footer', { class: 'row-f' }, make('span', { class: 'push' }), no, yes));
    const end = answer => { dialog.close(); dialog.remove(); resolve(answer); };
    yes.addEventListener('click', () => end(true)); no.addEventListener('click', () => end(false));
    dialog.addEventListener('cancel', event => { event.preventDefault(); end(false); });
    dialog.addEventListener('click', event => { if (event.target === dialog) end(false); });
    document.body.append(dialog); open(dialog); (danger ? no : yes).focus();
  });
  document.addEventListener('click', async event => {
    const el = event.target.closest?.('[data-confirm]');
    if (!el || el.asked || el.getAttribute('aria-disabled') === 'true') return;
    event.preventDefault(); event.stopImmediatePropagation();
    const bar = el.closest('.bulk'), n = bar ? memory(bar).n : 0;
    const said = el.dataset.confirmForms ? JSON.parse(el.dataset.confirmForms) : el.dataset.confirm;
    // Beyond the cap nobody counts: the sentence says so.
    const yes = await ask(n === null ? counted(said, Number(texts.cap), t('moreThanCap')) : counted(said, n), el.dataset.confirmLabel || el.textContent.trim(), 'confirmDanger' in el.dataset);
    if (yes) { el.asked = true; el.click(); el.asked = false; }
  }, true);

  // ---- forms: sent once, guarded, nothing lost -------------------------------------------------------------------
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.getAttribute('method') === 'dialog') return;
    if (memory(form).sent) { event.preventDefault(); return; }
    if (form.getAttribute('method') !== 'post') return;
    const button = event.submitter;
    setTimeout(() => {
      if (event.defaultPrevented) return;
      memory(form).sent = true; memory(form).dirty = false;
      if (button) { button.classList.add('busy'); button.setAttribute('aria-disabled', 'true'); say(t('saving')); }
    });
  });
  addEventListener('pageshow', event => {
    if (!event.persisted) return;
    $$('form').forEach(form => { memory(form).sent = false; });
    $$('.busy').forEach(button => { button.classList.remove('busy'); button.removeAttribute('aria-disabled'); });
  });
  const stateOf = form => {
    const values = {};
    for (const [name, value] of new FormData(form)) if (name !== 'csrf_token') (values[name] ||= []).push(value instanceof File ? value.name : value);
    return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, JSON.stringify(list)]));
  };
  const changesOf = form => {
    const now = stateOf(form), then = memory(form).first || {};
    return [...new Set([...Object.keys(now), ...Object.keys(then)])].filter(name => now[name] !== then[name]).length;
  };
  const guard = form => {
    const n = changesOf(form), line = $('[data-dirty]', form);
    memory(form).dirty = n > 0;
    if (line) { line.hidden = !n; line.textContent = counted(texts.unsavedCount || '', n); }
  };
  on('input', 'form[data-guard]', guard);
  on('change', 'form[data-guard]', guard);
  addEventListener('beforeunload', event => { if ($$('form[data-guard]').some(form => memory(form).dirty)) event.preventDefault(); });
  on('click', '[data-discard]', async (el, event) => {
    const form = el.closest('form');
    if (!form || !memory(form).dirty) return;
    event.preventDefault();
    if (await ask(t('unsaved'), t('leave'), true)) { memory(form).dirty = false; location.href = el.href; }
  });

  // ---- lists: selection and bulk actions -------------------------------------------------------------------------
  const barOf = table => document.getElementById(table.dataset.bulk);
  const picked = table => {
    const boxes = $$('tbody .pick input', table), some = boxes.filter(box => box.checked), head = $('thead .pick input', table), bar = barOf(table);
    boxes.forEach(box => box.closest('tr').classList.toggle('on', box.checked));
    if (head) { head.checked = boxes.length > 0 && some.length === boxes.length; head.indeterminate = some.length > 0 && some.length < boxes.length; }
    const all = memory(bar).all && some.length === boxes.length;
    if (!all) memory(bar).all = false;
    bar.hidden = !some.length;
    const matches = bar.dataset.matches === '' || bar.dataset.matches === undefined ? null : Number(bar.dataset.matches);
    const n = memory(bar).n = all ? matches : some.length;
    const line = n === null ? t('selectedAllMany') : counted(texts[all ? 'selectedAll' : 'selected'], n);
    $('[data-count]', bar).textContent = line;
    const more = $('[data-select-all]', bar), flag = $('input[name=all]', bar);
    if (more) {
      more.hidden = some.length < boxes.length || (matches !== null && matches <= boxes.length);
      more.textContent = t(all ? 'selectPage' : 'selectAll');
    }
    if (flag) { flag.disabled = !all; flag.value = all ? '1' : ''; }
    say(line);
  };
  let lastBox = null;
  on('click', '[data-bulk] tbody .pick input', (el, event) => {
    const boxes = $$('tbody .pick input', el.closest('table'));
    if (event.shiftKey && lastBox && boxes.includes(lastBox)) {
      const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(el)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach(box => { box.checked = el.checked; });
    }
    lastBox = el;
  });
  on('change', '[data-bulk] .pick input', el => {
    const table = el.closest('table');
    if (el.closest('thead')) $$('tbody .pick input', table).forEach(box => { box.checked = el.checked; });
    picked(table);
  });
  on('click', '[data-select-all]', el => {
    const bar = el.closest('.bulk'), table = $(`[data-bulk="${bar.id}"]`);
    memory(bar).all = !memory(bar).all; $$('tbody .pick input', table).forEach(box => { box.checked = true; });
    picked(table);
  });
  document.addEventListener('submit', event => {
    const bar = event.target.closest?.('.bulk');
    if (!bar) return;
    $$('input[name=rowid]', bar).forEach(old => old.remove());
    if (!memory(bar).all) $$(`[data-bulk="${bar.id}"] tbody .pick input:checked`).forEach(box => bar.append(make('input', { type: 'hidden', name: 'rowid', value: box.value })));
  }, true);

  // ---- lists: the filter editor ------------------------------------------------------------------------------------
  const editor = $('#filter-editor');
  if (editor) {
    const fields = JSON.parse($('#filter-fields').textContent), form = $('form', editor), values = $('#fe-values'), wrong = $('#fe-error');
    const fieldBox = $('#fe-field'), operatorBox = $('#fe-operator');
    let old = null;
    const groups = new Map();
    fields.forEach(field => {
      if (!groups.has(field.group)) groups.set(field.group, field.group ? fieldBox.appendChild(make('optgroup', { label: field.group })) : fieldBox);
      groups.get(field.group).append(new Option(field.label, field.name));
    });
    const current = () => fields.find(field => field.name === fieldBox.value);
    const takes = () => (current().operators.find(one => one[0] === operatorBox.value) || [])[2];
    const input = (field, label, value = '', id = 'fe-value') => {
      const type = { date: 'date' }[field.kind] || 'text';
      const box = make('input', { class: 'form-control', id, type, value, autocomplete: 'off', inputmode: /num|money/.test(field.kind) ? 'decimal' : null, 'data-date': field.kind === 'date' });
      return make('div', {}, make('label', { class: 'form-label', for: id }, label), box);
    };
    const choices = (field, many, chosen) => {
      const list = field.kind === 'bool' && !field.choices.length ? [['1', t('yes')], ['0', t('no')]] : field.choices;
      const box = make('select', { class: 'form-select', id: 'fe-value', multiple: many, 'data-tom': many || list.length > 8, 'data-lookup-url': field.lookup || null });
      list.forEach(([value, text]) => box.append(new Option(text, value, false, chosen.includes(value))));
      chosen.filter(value => field.lookup && !list.some(one => one[0] === value)).forEach(value => box.append(new Option(value, value, true, true)));
      return make('div', {}, make('label', { class: 'form-label', for: 'fe-value' }, t('value')), box);
    };
    const drawValues = (chosen = []) => {
      const field = current(), kind = takes();
      values.replaceChildren(); wrong.hidden = true;
      if (kind === 'none') return;
      if (kind === 'two') values.append(input(field, t('from'), chosen[0], 'fe-value'), input(field, t('to'), chosen[1], 'fe-value-2'));
      else if (field.choices.length || field.lookup || field.kind === 'bool') values.append(choices(field, kind === 'many', chosen));
      else values.append(input(field, t('value'), chosen[0]));
      dress(values);
    };
    const drawOperators = (operator = '', chosen = []) => {
      operatorBox.replaceChildren(...current().operators.map(([name, label]) => new Option(label, name, false, name === operator)));
      drawValues(chosen);
    };
    const edit = (field = fields[0].name, operator = '', chosen = []) => {
      old = operator ? { field, operator } : null;
      fieldBox.value = field; drawOperators(operator, chosen); open(editor); fieldBox.focus();
    };
    fieldBox.addEventListener('change', () => drawOperators());
    operatorBox.addEventListener('change', () => drawValues());
    on('click', '[data-filter-add]', () => edit());
    on('click', '[data-filter-edit]', el => edit(el.dataset.field, el.dataset.operator, JSON.parse(el.dataset.values || '[]').map(String)));
    form.addEventListener('submit', event => {
      event.preventDefault();
      const boxes = $$('input[id^=fe-value], select[id^=fe-value]', values).filter(box => !box.closest('.ts-control'));
      const chosen = takes() === 'none' ? ['1'] : boxes.flatMap(box => (box.multiple ? [...box.selectedOptions].map(one => one.value) : [box.value])).map(value => value.trim());
      if (!chosen.length || chosen.some(value => value === '')) { wrong.textContent = t('needValue'); wrong.hidden = false; boxes[0]?.focus(); return; }
      const url = new URL(location.href);
      if (old) url.searchParams.delete(`f.${old.field}.${old.operator}`);
      const name = `f.${fieldBox.value}.${operatorBox.value}`;
      url.searchParams.delete(name);
      chosen.forEach(value => url.searchParams.append(name, value));
      restart(url); location.href = url;
    });
  }
  // A changed filter or column begins again at the first page.
  const restart = url => ['after', 'before', 'page', 'at'].forEach(name => url.searchParams.delete(name));
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.matches('[data-columns]')) {
      event.preventDefault();
      const url = new URL(location.href);
      url.searchParams.set('cols', $$('input[type=checkbox]', form).filter(box => box.checked).map(box => box.value).join(','));
      location.href = url;
    }
    if (form.matches('[data-save-view]')) $('input[name=query]', form).value = location.search.replace(/^\?/, '');
  }, true);

  // ---- fragments: tabs, lazy cards, lists inside records ------------------------------------------------------------
  const failure = (place, url, error) => {
    const again = make('button', { type: 'button', class: 'btn sm' }, t('again'));
    again.addEventListener('click', () => load(place, url));
    place.replaceChildren(make('div', { class: 'pad row-f', role: 'alert' }, make('span', { class: 's' }, error.message || t('failed')), again));
  };
  const load = async (place, url) => {
    place.setAttribute('aria-busy', 'true');
    try {
      place.innerHTML = await fetchText(url);
      place.dataset.loaded = url; dress(place); drawCharts();
    } catch (error) { failure(place, url, error); }
    place.removeAttribute('aria-busy');
  };
  const first = place => { if (place && !place.dataset.loaded && !place.hasAttribute('aria-busy')) load(place, place.dataset.fragment); };
  document.addEventListener('shown.bs.tab', event => {
    first($(event.target.dataset.bsTarget + '[data-fragment]'));
    history.replaceState(null, '', event.target.id === 't-first' ? location.pathname + location.search : `#${event.target.id.slice(2)}`);
    drawCharts();
  });
  document.addEventListener('click', event => {
    const link = event.target.closest?.('a[data-frag]'), place = link?.closest('[data-fragment]');
    if (!place || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); load(place, link.href);
  });
  document.addEventListener('submit', event => {
    const form = event.target, place = form.matches('[data-frag]') ? form.closest('[data-fragment]') : null;
    if (!place) return;
    event.preventDefault();
    const url = new URL(place.dataset.fragment, location.href);
    for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value); else url.searchParams.delete(name);
    load(place, url.href);
  });
  on('click', '[data-more]', async (el, event) => {
    event.preventDefault();
    const place = el.closest('[data-more-place]');
    try {
      const box = make('div'); box.innerHTML = await fetchText(el.href);
      const list = place.previousElementSibling && $('.tl', place.previousElementSibling), found = $('.tl', box), next = $('[data-more]', box);
      if (list && found) list.append(...found.children);
      if (next) el.href = next.getAttribute('href'); else place.remove();
    } catch (error) { say(error.message); el.textContent = t('again'); }
  });
  const seen = 'IntersectionObserver' in window ? new IntersectionObserver(entries => entries.forEach(entry => {
    if (entry.isIntersecting) { seen.unobserve(entry.target); first(entry.target); }
  }), { rootMargin: '200px' }) : null;

  // ---- fields: remote selects, dates, sheets ------------------------------------------------------------------------
  // Of a select within another record (a line of the chosen order) all options show, and follow what is chosen there.
  const lookup = el => ({
    valueField: 'id', labelField: 'text', searchField: [], preload: false, loadThrottle: 200, maxOptions: 50,
    shouldLoad: query => query.length > 0 || !!el.dataset.lookupWithin,
    ...(el.dataset.lookupWithin ? { onFocus() { this.load(this.inputValue()); } } : {}),
    load: async (query, done) => {
      try {
        const url = new URL(el.dataset.lookupUrl, location.href);
        url.searchParams.set('q', query);
        if (el.dataset.lookupWithin) url.searchParams.set('within', el.form?.elements[el.dataset.lookupWithin]?.value || '');
        const answer = await fetch(url, { headers: { Accept: 'application/json', 'X-Requested-With': 'fetch' }, credentials: 'same-origin' });
        if (!answer.ok) throw new Error(answer.status);
        el.tomselect.clearOptions(option => el.tomselect.items.includes(String(option.id)));
        done((await answer.json()).results);
      } catch { done(); say(t('failed')); }
    },
  });
  // A dressed select is hidden: whoever follows the summary of errors to it means its box.
  on('click', '.note.bad a[href^="#"]', (el, event) => {
    const box = document.getElementById(el.hash.slice(1))?.tomselect;
    if (box) { event.preventDefault(); box.focus(); }
  });
  const dressSelect = el => {
    if (!window.TomSelect || el.tomselect || el.closest('template')) return;
    const label = el.labels?.[0]?.textContent.trim() || el.getAttribute('aria-label');
    const note = key => (data, escape) => `<div class="no-results">${escape(t(key))}</div>`;
    const settings = {
      plugins: el.multiple ? { remove_button: { title: t('remove') } } : { ...(el.required || !$('option[value=""]', el) ? {} : { clear_button: { title: t('remove'), html: data => `<button type="button" class="clear-button" aria-label="${data.title}">×</button>` } }) },
      create: el.dataset.tom === 'tags', maxOptions: 500, allowEmptyOption: false,
      placeholder: el.dataset.placeholder || (el.dataset.lookupUrl ? t('typeMore') : ''),
      render: { no_results: note('nothingFound'), loading: note('loading'), not_loading: el.dataset.lookupUrl ? note('typeMore') : undefined },
      onInitialize() { if (el.getAttribute('aria-invalid')) this.wrapper.classList.add('wrong'); },
      ...(el.dataset.lookupUrl ? lookup(el) : {}),
    };
    if (!window.TomSelect.prototype.plugins && settings.plugins.clear_button) delete settings.plugins.clear_button;
    let box;
    try { box = new TomSelect(el, settings); } catch { settings.plugins = el.multiple ? { remove_button: { title: t('remove') } } : {}; box = new TomSelect(el, settings); }
    if (label) box.control_input.setAttribute('aria-label', label.replace(/\s+/g, ' '));
    if (el.getAttribute('aria-invalid')) box.control_input.setAttribute('aria-invalid', 'true');
    const about = el.getAttribute('aria-describedby');
    if (about) box.control_input.setAttribute('aria-describedby', about);
    el.setAttribute('aria-hidden', 'true');
    if (el.dataset.lookupUrl) nameOptions(el, box);
  };
  // A remote select that holds only ids (in the filter editor) asks for their names.
  const nameOptions = async (el, box) => {
    const bare = box.items.filter(id => box.options[id] && box.options[id].text === id);
    if (!bare.length) return;
    try {
      const url = new URL(el.dataset.lookupUrl, location.href);
      bare.forEach(id => url.searchParams.append('id', id));
      const answer = await fetch(url, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
      (await answer.json()).results.forEach(one => box.updateOption(String(one.id), { ...one, id: String(one.id) }));
    } catch { say(t('failed')); }
  };
  const dressDate = el => {
    if (!window.flatpickr || el._flatpickr || el.closest('template') || el.readOnly || el.disabled) return;
    const tongue = root.lang.slice(0, 2), timed = el.type === 'datetime-local' || el.dataset.date.includes('H'), attributes = {};
    ['aria-label', 'aria-describedby', 'aria-invalid', 'aria-required'].forEach(name => { if (el.hasAttribute(name)) attributes[name] = el.getAttribute(name); });
    const id = el.id, required = el.required;
    const picker = flatpickr(el, {
      allowInput: true, altInput: true, enableTime: timed, time_24hr: tongue !== 'en', disableMobile: false,
      dateFormat: el.dataset.date || (timed ? 'Y-m-d\\TH:i' : 'Y-m-d'),
      altFormat: { de: 'd.m.Y', ru: 'd.m.Y', uk: 'd.m.Y', pt: 'd/m/Y' }[tongue] ? { de: 'd.m.Y', ru: 'd.m.Y', uk: 'd.m.Y', pt: 'd/m/Y' }[tongue] + (timed ? ' H:i' : '') : timed ? 'j M Y, H:i' : 'j M Y',
      locale: { ...(flatpickr.l10ns[tongue] || {}), firstDayOfWeek: 1 },
      appendTo: el.closest('dialog') || undefined,
      onReady: (dates, text, self) => {
        const shown = self.altInput || self.mobileInput;
        if (!shown) return;
        el.id = `${id}-value`; shown.id = id; shown.required = required; shown.className = el.className.replace('flatpickr-input', '').trim() + ' flatpickr-input';
        Object.entries(attributes).forEach(([name, value]) => shown.setAttribute(name, value));
        el.removeAttribute('required');
      },
      onChange: () => el.dispatchEvent(new Event('change', { bubbles: true })),
    });
    // What was typed by hand counts too, also without leaving the field by the calendar.
    picker.altInput?.addEventListener('blur', () => { if (picker.altInput.value !== '' || picker.selectedDates.length) picker.setDate(picker.altInput.value, false, picker.config.altFormat); });
  };
  const renumber = table => {
    const name = table.dataset.sheet, pattern = new RegExp(`^${name.replace(/[-\\.]/g, '\\$&')}-(\\d+|__i__)(-|(?=[a-z])|$)`);
    $$('tbody > tr', table).forEach((row, i) => $$('[name], [id], [for], [aria-describedby]', row).forEach(el => ['name', 'id', 'for', 'aria-describedby'].forEach(key => {
      const value = el.getAttribute(key);
      if (value && pattern.test(value)) el.setAttribute(key, value.replace(pattern, (all, index, dash) => `${name}-${i}${value.length > all.length ? '-' : ''}`));
    })));
  };
  on('click', '[data-add-row]', el => {
    const table = document.getElementById(el.dataset.addRow), blank = $(`template[data-blank="${table.dataset.sheet}"]`);
    const row = blank.content.firstElementChild.cloneNode(true);
    table.tBodies[0].append(row); renumber(table); dress(row);
    $('input:not([type=hidden]), select', row)?.focus();
    table.dispatchEvent(new Event('change', { bubbles: true }));
  });
  // Opening hours: a further span is an empty copy of the last; a day's are copied to the working days.
  const addSpan = place => {
    const spans = $$('.hour-span', place), more = spans.at(-1).cloneNode(true);
    $$('input', more).forEach(box => { box.value = ''; box.removeAttribute('value'); box.id = `${box.name}-${spans.length}`; });
    spans.at(-1).after(more);
    return more;
  };
  on('click', '[data-add-span]', el => {
    $('input', addSpan(el.closest('[data-spans]'))).focus();
    el.dispatchEvent(new Event('change', { bubbles: true }));
  });
  on('click', '[data-copy-day]', el => {
    const days = $$('.hour-day', el.closest('fieldset')), wanted = $$('.hour-span', days[0]);
    days.slice(1, 5).forEach(day => {
      while ($$('.hour-span', day).length < wanted.length) addSpan($('[data-spans]', day));
      $$('.hour-span', day).forEach((span, i) => $$('input', span).forEach((box, j) => { box.value = wanted[i] ? $$('input', wanted[i])[j].value : ''; }));
      $('[type=checkbox]', day).checked = $('[type=checkbox]', days[0]).checked;
    });
    el.dispatchEvent(new Event('change', { bubbles: true })); say(el.textContent.trim());
  });
  on('click', '[data-remove-row]', el => {
    const row = el.closest('tr'), table = el.closest('table'), id = $$('input[type=hidden]', row).find(field => /-id$/.test(field.name) && field.value);
    if (id) { // A line that is stored is struck out and sent as deleted; a second click brings it back.
      const name = id.name.replace(/-id$/, '-delete'), flag = $$('input[type=hidden]', row).find(field => field.name === name);
      const gone = !row.classList.contains('gone');
      row.classList.toggle('gone', gone); el.setAttribute('aria-pressed', gone);
      if (flag) flag.value = gone ? '1' : ''; else row.lastElementChild.append(make('input', { type: 'hidden', name, value: '1' }));
    } else {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove(); renumber(table); ($('input:not([type=hidden]), select', next || table) || $(`[data-add-row="${table.id}"]`))?.focus();
    }
    say(t('rowRemoved'));
    table.dispatchEvent(new Event('change', { bubbles: true }));
  });

  // ---- rights ------------------------------------------------------------------------------------------------------
  const rightsDiff = form => {
    const list = $('[data-rights-diff]', form);
    const badge = (text, tone) => make('span', { class: `bdg ${tone}` }, text);
    const changed = $$('input[name=right]', form).filter(box => box.checked !== box.defaultChecked);
    if (list) list.replaceChildren(...(changed.length ? changed.map(box => make('li', {}, badge(list.dataset[box.checked ? 'gets' : 'loses'], box.checked ? 'good' : 'bad'), ' ', box.dataset.label)) : [make('li', { class: 'dim' }, list.dataset.nothing)]));
  };
  on('change', 'input[name=right]', el => rightsDiff(el.form));
  on('click', '[data-rights]', el => {
    const want = el.dataset.rights, area = el.closest('[data-rights-area]');
    $$('input[name=right]:not(:disabled)', area).forEach(box => { box.checked = want === 'all' || (want === 'see' && box.dataset.level === 'see'); });
    const form = el.closest('form'); rightsDiff(form); guard(form);
  });

  // ---- charts: drawn from their table --------------------------------------------------------------------------------
  const colour = name => { // resolves light-dark() for the canvas
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(${name})`;
    const found = getComputedStyle(probe).color; probe.remove(); return found;
  };
  const readTable = table => {
    const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
    const link = cell => $('a', cell)?.href;
    return {
      names: heads.map(cell => cell.dataset.name || cell.textContent.trim()), kind: heads[1]?.dataset.kind, currency: heads.map(cell => cell.dataset.currency),
      labels: rows.map(row => row.cells[0].textContent.trim()),
      values: rows.map(row => [...row.cells].slice(1).map(cell => (cell.dataset.v === '' ? null : Number(cell.dataset.v)))),
      urls: rows.map(row => [...row.cells].slice(1).map(cell => link(cell) || row.dataset.url || link(row.cells[0]) || '')),
    };
  };
  const written = data => {
    const money = data.kind === 'money' && data.currency[1];
    const whole = new Intl.NumberFormat(texts.locale, money ? { style: 'currency', currency: money } : { maximumFractionDigits: 2 });
    const short = new Intl.NumberFormat(texts.locale, money ? { style: 'currency', currency: money, notation: 'compact', maximumFractionDigits: 1 } : { notation: 'compact', maximumFractionDigits: 1 });
    const unit = data.kind === 'percent' ? ' %' : '';
    return { whole: v => (v === null || v === undefined ? '–' : whole.format(v) + unit), short: v => (v ? short.format(v) + unit : '0') };
  };
  // On a phone bars lie down, so that their names have room, and a legend takes as many lines as it needs.
  const legendLines = (names, width) => names.reduce(([lines, x], name) => {
    const wide = echarts.format.getTextRect(name, '12px Inter Variable, system-ui').width + 29;
    return x && x + wide > width ? [lines + 1, wide] : [lines, x + wide];
  }, [1, 0])[0];
  const chartOptions = (kind, data, width) => {
    const narrow = width < 360;
    const ink = colour('--ink-2'), line = colour('--line'), ours = colour('--brand-ink'), edge = colour('--edge'), say = written(data), text = { color: ink, fontSize: 12 };
    const tip = { renderMode: 'richText', backgroundColor: colour('--raised'), borderColor: line, textStyle: { color: colour('--ink'), fontSize: 12 }, valueFormatter: say.whole, confine: true };
    const base = { animation: false, textStyle: { fontFamily: 'Inter Variable, system-ui' }, aria: { enabled: false }, color: [ours, edge, colour('--info'), colour('--warn'), colour('--good'), colour('--bad')] };
    const legend = { left: 0, top: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 3, textStyle: text, inactiveColor: edge };
    const many = data.names.length > 2;
    if (kind === 'pie') return { ...base, tooltip: { ...tip, trigger: 'item' }, legend: { ...legend, type: 'scroll', pageTextStyle: text, pageIconColor: ink, pageIconInactiveColor: edge, orient: 'vertical', icon: 'circle', itemHeight: 8, ...(narrow ? { top: '62%', bottom: 0 } : { top: 'middle', left: '56%' }) },
      series: [{ type: 'pie', ...(narrow ? { radius: ['32%', '54%'], center: ['50%', '30%'] } : { radius: ['44%', '70%'], center: ['27%', '50%'] }), label: { show: false }, itemStyle: { borderColor: colour('--surface'), borderWidth: 2 }, data: data.labels.map((name, i) => ({ name, value: data.values[i][0] })) }] };
    const category = { type: 'category', axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { ...text, hideOverlap: true } };
    if (kind === 'heatmap') {
      const cells = data.values.flatMap((row, y) => row.map((v, x) => [x, y, v]));
      return { ...base, tooltip: { ...tip, formatter: p => `${data.labels[p.value[1]]}, ${data.names[p.value[0] + 1]}: ${say.whole(p.value[2])}` }, grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
        xAxis: { ...category, data: data.names.slice(1) }, yAxis: { ...category, inverse: true, data: data.labels },
        visualMap: { show: false, min: 0, max: Math.max(1, ...cells.map(cell => cell[2] || 0)), inRange: { color: [colour('--mute-bg'), ours] } },
        series: [{ type: 'heatmap', data: cells, itemStyle: { borderColor: colour('--surface'), borderWidth: 2, borderRadius: 3 } }] };
    }
    const bar = kind === 'bar', lies = bar && narrow, top = many ? 14 + 20 * legendLines(data.names.slice(1), width) : 12, value = { type: 'value', splitNumber: lies ? 2 : 4, splitLine: { lineStyle: { color: line } }, axisLabel: { ...text, formatter: say.short, hideOverlap: true } };
    return { ...base, tooltip: { ...tip, trigger: 'axis', axisPointer: { type: bar ? 'shadow' : 'line', lineStyle: { color: edge }, shadowStyle: { opacity: .08 } } }, legend: { ...legend, show: many },
      grid: { left: 4, right: lies ? 24 : 12, top, bottom: 4, containLabel: true },
      ...(lies ? { xAxis: value, yAxis: { ...category, inverse: true, data: data.labels, axisLabel: { ...category.axisLabel, width: width * .4, overflow: 'break', lineHeight: 15 } } }
        : { xAxis: { ...category, data: data.labels, axisLabel: { ...category.axisLabel, ...(bar && data.labels.length < 9 ? { interval: 0, hideOverlap: false, width: Math.max(48, 420 / data.labels.length), overflow: 'break' } : {}) } }, yAxis: value }),
      series: data.names.slice(1).map((name, i) => (bar
        ? { name, type: 'bar', barMaxWidth: 28, itemStyle: { borderRadius: lies ? [0, 3, 3, 0] : [3, 3, 0, 0] }, data: data.values.map(row => row[i]) }
        : { name, type: 'line', smooth: 0.2, symbol: 'circle', symbolSize: 6, showSymbol: data.labels.length < 3, connectNulls: false,
          lineStyle: { width: i === 1 ? 1.5 : 2.5, type: i === 1 ? 'dashed' : 'solid' }, areaStyle: i ? undefined : { opacity: 0.07 }, data: data.values.map(row => row[i]) })) };
  };
  const followChart = (chart, box) => {
    const go = (row, series) => { const url = box.data?.urls[row]?.[series]; if (url) location.href = url; };
    chart.on('click', event => { if (event.seriesType === 'heatmap') go(event.value[1], event.value[0]); else go(event.dataIndex, event.seriesIndex || 0); });
    chart.getZr().on('click', event => { // beside a point of a line counts as the point
      if (event.target || box.dataset.kind !== 'line') return;
      const at = chart.convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]);
      if (at && chart.containPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY])) go(Math.max(0, Math.round(at[0])), 0);
    });
  };
  function drawCharts() {
    if (!window.echarts) return;
    $$('[data-chart]').filter(box => box.offsetWidth).forEach(box => {
      const table = document.getElementById(box.dataset.chart);
      if (!table) return;
      box.data = readTable(table);
      let chart = echarts.getInstanceByDom(box);
      if (!chart) { chart = echarts.init(box, null, { renderer: 'canvas' }); followChart(chart, box); }
      box.classList.toggle('link', box.data.urls.some(row => row.some(Boolean)));
      chart.resize();
      chart.setOption(chartOptions(box.dataset.kind, box.data, box.offsetWidth), true);
    });
  }
  on('click', '[data-swap]', el => {
    const figure = el.closest('[data-figure]'), table = el.dataset.swap === 'table';
    pressed(el.parentElement, el);
    $$('[data-as]', figure).forEach(part => { part.hidden = (part.dataset.as === 'table') !== table; });
    drawCharts();
  });
  let resizing;
  addEventListener('resize', () => { clearTimeout(resizing); resizing = setTimeout(drawCharts, 100); });

  // ---- progress: fetched until the answer no longer asks for it ---------------------------------------------------------
  const poll = place => {
    const again = (Number(place.dataset.pollSeconds) || 3) * 1000;
    setTimeout(async () => {
      if (!place.isConnected) return;
      if (document.hidden) { poll(place); return; }
      try {
        const box = make('div'); box.innerHTML = await fetchText(place.dataset.pollUrl);
        const next = box.firstElementChild, had = document.activeElement;
        if (place.contains(had) && had.tagName !== 'BODY') { poll(place); return; } // nothing moves under the reader's hands
        place.replaceWith(next); dress(next);
        if (!next.dataset.pollUrl && next.dataset.reload !== 'no') location.reload(); // the end: buttons and badges change too
      } catch { poll(place); }
    }, again);
  };

  // ---- messages: insert a variable, count SMS, preview -------------------------------------------------------------------
  on('click', '[data-insert]', el => {
    const area = document.getElementById(el.dataset.into);
    area.setRangeText(el.dataset.insert, area.selectionStart, area.selectionEnd, 'end'); area.focus();
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  // GSM 7-bit (extension characters count twice) or UCS-2.
  const GSM = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/;
  const fill = (text, values) => text.replace(/{{\s*(\w+)[^{}]*}}|{(\w+)}/g, (all, tag, name) => values[tag ?? name] ?? all);
  const meter = area => {
    const facts = JSON.parse(area.dataset.smsMeter), text = fill(area.value, facts.longest), gsm = GSM.test(text);
    const size = gsm ? text.length + (text.match(/[\^{}\\[~\]|€]/g) || []).length : text.length;
    const [one, many] = gsm ? [160, 153] : [70, 67], parts = size <= one ? 1 : Math.ceil(size / many), room = parts === 1 ? one : parts * many;
    const put = (name, value) => $$(`[data-sms=${name}]`).forEach(el => { el.textContent = value; });
    put('size', count(size)); put('parts', parts); put('room', room - size); put('code', gsm ? 'GSM‑7' : 'Unicode');
    put('odd', gsm ? '' : [...text].find(sign => !GSM.test(sign)) || ''); put('preview', fill(area.value, facts.sample));
    if (facts.price !== null) put('cost', new Intl.NumberFormat(texts.locale, { style: 'currency', currency: facts.currency }).format(facts.recipients * parts * facts.price));
    const bar = $('[data-sms=bar]'), line = $('[data-sms=odd-line]');
    if (bar) { bar.max = room; bar.value = size; }
    if (line) line.hidden = gsm;
  };
  on('input', '[data-sms-meter]', meter);
  const previewPlace = () => $('[data-preview-url]');
  let previewing, shownClient = 0;
  const preview = async next => {
    const place = previewPlace(), form = place?.closest('form');
    if (!form) return;
    const body = new FormData(form);
    if (next) shownClient += 1;
    body.set('preview', shownClient);
    try {
      const answer = await fetch(place.dataset.previewUrl, { method: 'POST', body, headers: { 'X-Requested-With': 'fetch' }, credentials: 'same-origin' });
      if (!answer.ok) throw new Error(t('failed'));
      place.innerHTML = await answer.text();
      const who = $('[data-preview-of]', place), head = $('#h-prev');
      if (who && head) { head.textContent = who.dataset.previewOf; }
    } catch (error) { say(error.message); }
  };
  on('click', '[data-preview-next]', () => preview(true));
  on('input', 'form', form => {
    const place = $('[data-preview-url]', form);
    if (!place || place.dataset.sms) return;
    clearTimeout(previewing); previewing = setTimeout(() => preview(false), 600);
  });

  // ---- dressing a page or a fragment ------------------------------------------------------------------------------------
  function dress(place) {
    $$('select[data-tom], select[data-lookup-url]', place).forEach(dressSelect);
    $$('[data-date]', place).forEach(dressDate);
    $$('[data-sms-meter]', place).forEach(meter);
    $$('[data-fragment][data-lazy]', place).forEach(el => (seen ? seen.observe(el) : first(el)));
    [...(place.matches?.('[data-poll-url]') ? [place] : []), ...$$('[data-poll-url]', place)].forEach(poll);
    $$('form[data-guard]', place).forEach(form => { memory(form).first = stateOf(form); });
  }
  dress(document);
  applyTheme();
  $('[data-focus]')?.focus();
  const tab = location.hash.length > 1 && document.getElementById(`t-${location.hash.slice(1)}`);
  if (tab && window.tabler?.Tab) tabler.Tab.getOrCreateInstance(tab).show();
  document.fonts?.ready.then(drawCharts);
})();
