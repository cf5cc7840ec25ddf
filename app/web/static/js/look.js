// Theme and density, kept in cookies so that the server writes them into the next page.
import { on, press, root } from './dom.js';
import { say } from './texts.js';

const YEAR = 31536000;
const dark = matchMedia('(prefers-color-scheme: dark)');

const keep = (name, value) => {
  const age = value ? YEAR : 0;
  const secure = location.protocol === 'https:' ? ';secure' : '';
  document.cookie = `${name}=${value};path=/;max-age=${age};samesite=lax${secure}`;
};
const kept = (name) =>
  (document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`)) || [])[1] || '';

export const applyTheme = () => {
  // Tabler's own dark values hang on the attribute, so it is set also when the system decides.
  root.dataset.bsTheme = kept('theme') || (dark.matches ? 'dark' : 'light');
};

on('click', '[data-theme-set]', (button) => {
  keep('theme', button.dataset.themeSet);
  press(button);
  applyTheme();
  say(button.textContent.trim());
});
on('click', '[data-density-set]', (button) => {
  const compact = button.dataset.densitySet === 'compact';
  keep('density', compact ? 'compact' : '');
  press(button);
  if (compact) root.dataset.density = 'compact';
  else delete root.dataset.density;
});
dark.addEventListener('change', applyTheme);
