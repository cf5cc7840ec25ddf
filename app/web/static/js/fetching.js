// Asking the server for pieces of pages and for names.
import { t } from './texts.js';

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
