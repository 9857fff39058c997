/** The files of a drop, folders walked to their leaves, each with its path as the person knows it. */

export interface Dropped {
  path: string;
  file: File;
}

/** More than this is better sent as one ZIP: a browser holds every name in memory. */
export const MOST_FILES = 20_000;

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // A folder is read in parts; an empty part is its end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return all;
    all.push(...part);
  }
}

export async function dropped(items: DataTransferItemList): Promise<Dropped[]> {
  // Entries must be taken before the first wait: the list is emptied after the event.
  const queue = [...items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry): entry is FileSystemEntry => entry !== null);
  const found: Dropped[] = [];
  while (queue.length > 0 && found.length < MOST_FILES) {
    const entry = queue.shift();
    if (entry?.isDirectory) queue.push(...(await entriesOf(entry as FileSystemDirectoryEntry)));
    else if (entry?.isFile) {
      const file = await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      );
      found.push({ path: entry.fullPath.replace(/^\//, ''), file });
    }
  }
  return found;
}

export function chosen(files: readonly File[]): Dropped[] {
  return files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Sends the files with progress; `fetch` cannot tell how much has gone up. */
export function form(files: readonly Dropped[]): FormData {
  const data = new FormData();
  for (const { path, file } of files) data.append('file', file, path);
  return data;
}
