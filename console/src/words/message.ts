/** Turns the server's `{code, params}` into a sentence; the words themselves are in `locales/`. */

export type Param = number | string | string[];

/** A sentence without its words, as `model::Message` serialises. */
export interface Message {
  code: string;
  params?: Record<string, Param>;
}

export const LANGUAGES = ['zh-CN', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** `remedy.node.reach` is key `node.reach` of namespace `remedy`: only the first dot separates. */
export function wordKey(code: string): string {
  return code.replace('.', ':');
}

/** Lists are joined by the language's own comma. */
export function joined(
  params: Record<string, Param> | undefined,
  language: Language,
): Record<string, string> {
  const comma = language === 'zh-CN' ? '、' : ', ';
  return Object.fromEntries(
    Object.entries(params ?? {}).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(comma) : String(value),
    ]),
  );
}

/** What a code without words shows as: itself and its parameters, never nothing. */
export function raw(message: Message, language: Language): string {
  const params = Object.entries(joined(message.params, language)).map(([name, value]) => `${name}=${value}`);
  return params.length === 0 ? message.code : `${message.code} (${params.join(', ')})`;
}

/** The language kept from last time, else the browser's: Chinese for any `zh`, English for all others. */
export function preferred(kept: string | null, browser: readonly string[]): Language {
  const known = LANGUAGES.find((language) => language === kept);
  if (known) return known;
  return browser[0]?.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}
