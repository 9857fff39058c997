/** Loads the words of one language and gives pages `t` (the console's own texts) and `say` (server messages). */
import i18next from 'i18next';
import { useMemo } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';
import type consoleWords from '../../../locales/en/console.json';
import {
  capital,
  joined,
  named,
  plurals,
  preferred,
  raw,
  wordKey,
  type Language,
  type Message,
  type Param,
} from './message';

export { keepWeaponNames } from './message';
export type { Language, Message, Param } from './message';
export type WordKey = keyof typeof consoleWords;

const KEPT = 'redoubt.language';

const files: Record<Language, () => Promise<{ default: Record<string, Record<string, string>> }>> = {
  'zh-CN': () => import('./zh-CN'),
  en: () => import('./en'),
};

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'console')) return;
  const { default: found } = await files[language]();
  for (const [path, words] of Object.entries(found)) {
    const namespace = path.slice(path.lastIndexOf('/') + 1, -'.json'.length);
    i18next.addResourceBundle(language, namespace, words);
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** Must end before the first page is drawn. */
export async function startWords(): Promise<void> {
  const language = preferred(kept(), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    keySeparator: false,
    nsSeparator: ':',
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await load(language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  // Kept first: whoever goes on to another page while the words load has chosen all the same.
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // A browser without storage forgets the choice; the page still changes.
  }
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export function currentLanguage(): Language {
  return i18next.language === 'zh-CN' ? 'zh-CN' : 'en';
}

function sentence(message: Message, language: Language): string {
  const key = wordKey(message.code);
  if (!i18next.exists(key, { lng: language })) return raw(message, language);
  const params = joined(message.params, language, (reason) => sentence(reason, language));
  return plurals(i18next.t(key, { ...params, lng: language }), language);
}

/** A word, or nothing where there is none. */
const found = (language: Language) => (code: string) =>
  i18next.exists(wordKey(code), { lng: language }) ? sentence({ code }, language) : null;

export interface Words {
  language: Language;
  t: (key: WordKey, params?: Record<string, Param>) => string;
  /** A word whose key is made at run time; gives `fallback` when there is none. */
  word: (code: string, fallback?: string) => string;
  say: (message: Message) => string;
}

export function wordsOf(language: Language): Words {
  return {
    language,
    t: (key, params) => sentence({ code: `console.${key}`, ...(params && { params }) }, language),
    word: (code, fallback) =>
      fallback !== undefined && !i18next.exists(wordKey(code), { lng: language })
        ? fallback
        : sentence({ code }, language),
    say: ({ code, params }) =>
      capital(sentence({ code, params: named(params, language, found(language)) }, language), language),
  };
}

export function useWords(): Words {
  const { i18n } = useTranslation();
  const language = i18n.language === 'zh-CN' ? 'zh-CN' : 'en';
  return useMemo(() => wordsOf(language), [language]);
}
