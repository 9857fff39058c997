/** Saving and copying from the page. */

export function save(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the address by the time the next task runs.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** A cell that a spreadsheet would run as a formula is made text by a leading apostrophe, as in the server's own tables. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const formula = typeof value !== 'number' && /^[ \u00a0\u3000]*[=+\-@\t\r\n|%＝＋－＠]/.test(text);
  const safe = formula ? `'${text}` : text;
  return /[",;\n\r\t]|^ /.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  // The byte order mark makes Excel read Chinese as UTF-8.
  return '\ufeff' + [head, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

export async function copy(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
