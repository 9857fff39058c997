/** Turns the server's `{code, params}` into a sentence; the words themselves are in `locales/`. */

/** A message among the parameters is a reason: its words come in the language of the sentence. */
export type Param = number | string | string[] | Message;

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
  reason: (message: Message) => string = (message) => raw(message, language),
): Record<string, string> {
  const comma = language === 'zh-CN' ? '、' : ', ';
  const text = (value: Param): string => {
    if (Array.isArray(value)) return value.join(comma);
    return typeof value === 'object' ? reason(value) : String(value);
  };
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, text(value)]));
}

/** Names of weapons by id, in both languages: filled when the weapons arrive. */
const weapons = new Map<string, Record<Language, string>>();

export function keepWeaponNames(list: readonly { id: string; name: Record<Language, string> }[]): void {
  for (const { id, name } of list) weapons.set(id, name);
}

/** Ids among the parameters become names: a person reads 永恒之蓝, not `eternalblue`. */
export function named(
  params: Record<string, Param> | undefined,
  language: Language,
  word: (code: string) => string | null,
): Record<string, Param> {
  const weapon = (id: string) => weapons.get(id)?.[language] ?? id;
  const control = (id: string) => word(`control.${id}.title`) ?? id;
  // `7-sp1 (KB976932)`: the base update's id, then its number.
  const base = (text: string) => text.replace(/^[\w.-]+/, (id) => word(`systems.base-${id}`) ?? id);
  const NAMES: Record<string, (id: string) => string> = {
    weapon,
    weapons: weapon,
    control,
    controls: control,
    base,
    // Of the messages with a state, those that name it by its id speak of plans.
    state: (id) => word(`console.plan.${id}`) ?? id,
  };
  return Object.fromEntries(
    Object.entries(params ?? {}).map(([key, value]) => {
      const name = NAMES[key];
      if (!name) return [key, value];
      if (Array.isArray(value)) return [key, value.map(name)];
      return [key, typeof value === 'string' ? name(value) : value];
    }),
  );
}

/** The server's sentences begin small, as parts of log lines; on a page they begin large. An id stays as it is. */
export function capital(text: string, language: Language): string {
  if (language !== 'en' || !/^[a-z]+[ ,:]/.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 finding(s)` reads `1 finding`, `10 finding(s)` reads `10 findings`; Chinese has no plural to settle. */
export function plurals(text: string, language: Language): string {
  if (language !== 'en') return text;
  return text.replace(
    /(\d[\d,.]*)((?: [a-z-]+){1,4})\(s\)/g,
    (_, number: string, noun: string) => `${number}${noun}${number === '1' ? '' : 's'}`,
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
