/* The segment editor: nested groups of conditions, kept as JSON in a hidden field, counted while written. */
(() => {
  const root = document.querySelector('[data-segment]');
  if (!root) return;
  const fields = JSON.parse(document.getElementById('segment-fields').textContent);
  const t = JSON.parse(document.getElementById('segment-texts').textContent);
  const hidden = document.querySelector('[data-segment-definition]');
  const byName = Object.fromEntries(fields.map(f => [f.name, f]));
  const csrf = document.querySelector('input[name=csrf_token]').value;
  let serial = 0, timer = 0, asked = 0;

  const el = (tag, attrs = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attrs)) {
      if (value === null || value === false) continue;
      if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value === true ? '' : value);
    }
    made.append(...children.filter(child => child !== null));
    return made;
  };
  const option = (value, label, selected) => el('option', { value, selected }, label);
  const choose = (label, options, picked, change) => {
    const made = el('select', { class: 'form-select', 'aria-label': label, onchange: () => change(made.value) });
    options.forEach(([value, text]) => made.append(option(value, text, value === picked)));
    return made;
  };

  // A group is {word, parts}; a condition {field, op, value}. The server's shape is made in `plain`.
  const parse = node => {
    for (const word of ['all', 'any']) if (Array.isArray(node[word])) return { word, parts: node[word].map(parse) };
    if (node.not) {
      const inner = parse(node.not);
      return inner.parts && inner.word === 'any' ? { word: 'not', parts: inner.parts } : { word: 'not', parts: [inner] };
    }
    return node.field ? { field: node.field, op: node.op, value: node.value } : { word: 'all', parts: [] };
  };
  const plain = part => {
    if (!part.parts) return { field: part.field, op: part.op, ...(part.value === undefined ? {} : { value: part.value }) };
    // What is unfinished goes too: the server says where, and nobody is written to by half a condition.
    const parts = part.parts.map(plain);
    return part.word === 'not' ? { not: { any: parts } } : { [part.word]: parts };
  };

  let tree = parse(JSON.parse(hidden.value || '{}'));
  if (!tree.parts) tree = { word: 'all', parts: [tree] };

  const definition = () => tree.parts.length ? plain(tree) : {};
  const changed = () => {
    hidden.value = JSON.stringify(definition());
    hidden.dispatchEvent(new Event('input', { bubbles: true }));
    clearTimeout(timer);
    timer = setTimeout(() => count(definition()), 300);
  };

  const count = async asking => {
    const mine = ++asked;
    const figure = document.querySelector('[data-segment-count]'), error = document.querySelector('[data-segment-error]');
    const sample = document.querySelector('[data-segment-sample]');
    let data;
    try {
      const answer = await fetch(root.dataset.countUrl, { method: 'POST', body: JSON.stringify(asking), credentials: 'same-origin', headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': csrf } });
      data = await answer.json();
      if (!answer.ok) throw new Error(data.detail);
    } catch (problem) {
      if (mine !== asked) return;
      error.textContent = problem.message || t.failed; error.hidden = false; figure.textContent = '–'; sample.replaceChildren();
      return;
    }
    if (mine !== asked) return;
    error.hidden = true;
    figure.textContent = new Intl.NumberFormat(document.documentElement.lang).format(data.count);
    sample.replaceChildren(...data.sample.map(one => el('li', {}, el('a', { href: one.url }, one.name), ' ', el('span', { class: 'dim' }, one.number))));
  };

  const input = (part, type, label, value, set) => {
    const made = el('input', { class: 'form-control', type, 'aria-label': label, value: value ?? '', inputmode: type === 'number' ? 'decimal' : null, step: type === 'number' ? 'any' : null, oninput: () => { set(made.value); changed(); } });
    return made;
  };
  const operatorOf = part => byName[part.field].operators.find(o => o.name === part.op) || byName[part.field].operators[0];
  const typeOf = (field, kind) => kind === 'days' ? 'number' : { number: 'number', money: 'number', date: 'date' }[field.kind] || 'text';

  const valueOf = part => {
    const field = byName[part.field], kind = operatorOf(part).value, type = typeOf(field, kind);
    if (kind === 'none') { part.value = undefined; return el('span'); }
    if (kind === 'two') {
      if (!Array.isArray(part.value)) part.value = ['', ''];
      return el('div', { class: 'row-f flex-nowrap' }, ...[t.from, t.to].map((label, n) => input(part, type, label, part.value[n], v => { part.value[n] = v; })));
    }
    if (kind === 'many') {
      if (!Array.isArray(part.value)) part.value = [];
      const id = `segment-${++serial}`;
      const many = el('select', { class: 'form-select', id, multiple: true, 'aria-label': field.label, onchange: () => { part.value = [...many.selectedOptions].map(o => o.value); changed(); } });
      field.options.forEach(([value, text]) => many.append(option(value, text, part.value.map(String).includes(value))));
      if (field.lookup) part.value.forEach(value => many.append(option(value, `#${value}`, true)));
      queueMicrotask(() => dress(many, field));
      return el('div', { class: 'grow' }, many);
    }
    if (Array.isArray(part.value)) part.value = '';
    return input(part, type, kind === 'days' ? t.days : t.value, part.value, v => { part.value = v; });
  };
  const dress = (select, field) => {
    if (!window.TomSelect || select.tomselect) return;
    const remote = field.lookup ? {
      load: (words, done) => fetch(`${field.lookup}?q=${encodeURIComponent(words)}`, { credentials: 'same-origin', headers: { Accept: 'application/json' } }).then(a => a.json()).then(d => done(d.results.map(r => ({ value: String(r.id), text: r.text })))).catch(() => done()),
    } : {};
    new TomSelect(select, { plugins: { remove_button: { title: t.remove } }, maxOptions: 500, ...remote });
    if (field.lookup && select.selectedOptions.length) {
      const ids = [...select.selectedOptions].map(o => `id=${o.value}`).join('&');
      fetch(`${field.lookup}?${ids}`, { credentials: 'same-origin', headers: { Accept: 'application/json' } }).then(a => a.json()).then(d => d.results.forEach(r => select.tomselect.updateOption(String(r.id), { value: String(r.id), text: r.text })));
    }
  };

  const fieldSelect = (part, redraw) => {
    const made = el('select', { class: 'form-select', 'aria-label': t.field, onchange: () => { part.field = made.value; part.op = byName[made.value].operators[0].name; part.value = undefined; redraw(); changed(); } });
    const areas = [...new Set(fields.map(f => f.area))];
    areas.forEach(area => {
      const group = el('optgroup', { label: area });
      fields.filter(f => f.area === area).forEach(f => group.append(option(f.name, f.label, f.name === part.field)));
      made.append(group);
    });
    return made;
  };
  const remove = (group, part, label) => el('button', { type: 'button', class: 'btn sq ghost', 'aria-label': label, title: label, onclick: () => { group.parts.splice(group.parts.indexOf(part), 1); draw(); changed(); } }, '×');

  const condition = (group, part) => {
    const row = el('div', { class: 'row-f segment-row' });
    const redraw = () => row.replaceChildren(
      fieldSelect(part, redraw),
      choose(t.operator, byName[part.field].operators.map(o => [o.name, o.label]), part.op, value => { part.op = value; redraw(); changed(); }),
      valueOf(part), remove(group, part, `${t.remove}: ${byName[part.field].label}`));
    if (!byName[part.field]) { row.append(part.field, remove(group, part, t.remove)); } else redraw();
    return row;
  };
  const group = (part, parent) => el('fieldset', { class: 'segment-group stack-s' },
    el('div', { class: 'row-f' }, choose(t.how, [['all', t.all], ['any', t.any], ['not', t.not]], part.word, value => { part.word = value; changed(); }), parent ? remove(parent, part, t.remove) : null),
    ...part.parts.map(child => child.parts ? group(child, part) : condition(part, child)),
    part.parts.length ? null : el('p', { class: 's dim' }, t.everybody),
    el('div', { class: 'row-f' },
      el('button', { type: 'button', class: 'btn sm', onclick: () => { const f = fields.find(one => one.name === 'last_order') || fields[0]; part.parts.push({ field: f.name, op: f.operators[0].name }); draw(); changed(); } }, t.add),
      depth(part) < 3 ? el('button', { type: 'button', class: 'btn sm ghost', onclick: () => { part.parts.push({ word: 'any', parts: [] }); draw(); changed(); } }, t.group) : null));
  const depth = (part, at = tree, level = 0) => at === part ? level : Math.max(-1, ...(at.parts || []).map(child => depth(part, child, level + 1)));
  const draw = () => root.replaceChildren(group(tree, null));
  draw();
  count(definition());
})();
