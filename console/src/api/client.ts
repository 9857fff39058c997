/** A small typed fetch: JSON in and out, the CSRF token on every change, and every failure as one `Problem`. */
import type { Message } from '../words';
import { wordKey } from '../words/message';

/** What went wrong, always sayable in both languages. */
export class Problem extends Error {
  /** 0 when there was no answer at all. */
  readonly status: number;
  readonly say: Message;

  constructor(status: number, say: Message) {
    super(wordKey(say.code));
    this.status = status;
    this.say = say;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined | readonly string[]>;

let csrf: string | null = null;

/** `/me`, `/login` and `/setup` hand the token out; it lives as long as the page. */
export function keepCsrf(token: string | null | undefined): void {
  csrf = token ?? null;
}

export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    if (Array.isArray(value)) for (const item of value as readonly string[]) search.append(name, item);
    else search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

const ROOT = '/api/v1';

export const address = (path: string, query?: Query) => withQuery(ROOT + path, query);

async function problem(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Message>;
    if (body.code) return new Problem(response.status, { code: body.code, params: body.params ?? {} });
  } catch {
    // Not our JSON: something between the browser and the server answered.
  }
  // A relay in front answers for a server that is stopped, and its number means nothing to the reader.
  if ([502, 503, 504].includes(response.status)) return new Problem(0, { code: 'console.problem.offline' });
  const code = response.status >= 500 ? 'console.problem.server' : 'console.problem.refused';
  return new Problem(response.status, { code, params: { status: response.status } });
}

async function answer(path: string, init: RequestInit, query?: Query): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path, query), { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, { code: 'console.problem.offline' });
  }
  if (!response.ok) throw await problem(response);
  return response;
}

export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const response = await answer(
    path,
    { headers: { accept: 'application/json' }, ...(signal && { signal }) },
    query,
  );
  return (await response.json()) as T;
}

export async function getText(path: string, query?: Query): Promise<string> {
  return (await answer(path, {}, query)).text();
}

/** For changes. A body that is `FormData` goes as it is; anything else goes as JSON. */
export async function send<T>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  query?: Query,
): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (csrf) headers['x-redoubt-csrf'] = csrf;
  const init: RequestInit = { method, headers };
  if (body instanceof FormData || body instanceof Blob) init.body = body;
  else if (body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const response = await answer(path, init, query);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** What to say of anything that was thrown. */
export function sayable(error: unknown): Message {
  if (error instanceof Problem) return error.say;
  return {
    code: 'console.problem.page',
    params: { detail: error instanceof Error ? error.message : String(error) },
  };
}

/** Sends a form and tells how many bytes have gone: `fetch` cannot. */
export function upload<T>(path: string, form: FormData, onSent: (bytes: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address(path));
    request.setRequestHeader('accept', 'application/json');
    if (csrf) request.setRequestHeader('x-redoubt-csrf', csrf);
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onerror = () => reject(new Problem(0, { code: 'console.problem.offline', params: {} }));
    request.onload = () => {
      const response = new Response(request.responseText, { status: request.status || 500 });
      if (response.ok) resolve(JSON.parse(request.responseText) as T);
      else void problem(response).then(reject);
    };
    request.send(form);
  });
}
