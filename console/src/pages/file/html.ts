/** HTML put together from text that somebody else chose: whatever is put in is text, unless it was made here as well. */
import { runs } from '../../parts/visible';

export class Html {
  readonly text: string;
  private constructor(text: string) {
    this.text = text;
  }

  /** The only way to make some, so that a page can be searched for who does. */
  static of(text: string): Html {
    return new Html(text);
  }
}

export type Put = Html | string | number | false | null | undefined | readonly Put[];

const MARKS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escaped = (text: string) => text.replace(/[&<>"']/g, (mark) => MARKS[mark] ?? '');

/** What would hide or turn text around stands there as its code. */
function written(text: string): string {
  return runs(text)
    .map((run) => (run.hidden ? `<span class="hidden">${run.text}</span>` : escaped(run.text)))
    .join('');
}

function put(value: Put): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string') return written(value);
  if (typeof value === 'number') return String(value);
  return value.map(put).join('');
}

export function html(fixed: TemplateStringsArray, ...values: readonly Put[]): Html {
  return Html.of(fixed.map((text, i) => text + put(values[i])).join(''));
}

/** For what stands between quotation marks of a tag, where no tag may. */
export const attribute = (text: string): Html => Html.of(escaped(text));

/** A name of its own direction, whatever stands around it. */
export const name = (text: string): Html => html`<bdi>${text}</bdi>`;

/** A sentence whose `quoted` parts are code. */
export const quoted = (text: string): Html =>
  html`${text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`))}`;
