/** One box that finds hosts, addresses, updates, vulnerabilities, weapons and files by digest, and goes to them. */
import { SearchOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { AutoComplete, Input } from 'antd';
import { useDeferredValue, useState } from 'react';
import { useNavigate } from 'react-router';
import { get } from '../api/client';
import type { SearchAnswer, SearchHit } from '../api/model';
import { count } from '../parts/format';
import { useWords } from '../words';

/** Where a hit leads. */
export function placeOf(hit: Pick<SearchHit, 'kind' | 'id'>): string {
  const id = encodeURIComponent(hit.id);
  switch (hit.kind) {
    case 'host':
      return `/hosts/${id}`;
    case 'weapon':
      return `/exposure?weapon=${id}&card=${id}`;
    case 'update':
      return `/disposal?view=what-if&updates=${id}`;
    case 'vulnerability':
      return `/exposure?node=${id}`;
  }
}

/** A digest names a file, seen or not: the list of files says which. */
export function digestIn(text: string): string | null {
  const digest = text.trim().toLowerCase();
  return /^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/.test(digest) ? digest : null;
}

export function GlobalSearch() {
  const { t, say, language } = useWords();
  const [text, setText] = useState('');
  const q = useDeferredValue(text.trim());
  const go = useNavigate();
  const found = useQuery({
    queryKey: ['search', q],
    queryFn: ({ signal }) => get<SearchAnswer>('/search', { q }, signal),
    enabled: q.length > 1,
    placeholderData: (before) => before,
  });
  const hits = q.length > 1 ? (found.data?.hits ?? []) : [];

  const digest = digestIn(text);

  const open = (place: string) => {
    setText('');
    void go(place);
  };

  return (
    <AutoComplete
      value={text}
      onChange={setText}
      style={{ width: 340 }}
      options={[
        ...(digest ? [{ value: `/files?q=${digest}`, label: <Digest digest={digest} /> }] : []),
        ...hits.map((hit) => ({
          value: placeOf(hit),
          label: (
            <div style={{ display: 'flex', gap: 10, alignItems: 'baseline' }}>
              <span className="muted" style={{ width: 44, flex: 'none', fontSize: 12 }}>
                {t(`search.${hit.kind}`)}
              </span>
              <span style={{ fontWeight: 500 }}>{hit.label}</span>
              <span className="muted" style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>
                {hit.detail ? say(hit.detail) : hit.text}
              </span>
              {hit.hosts != null && (
                <span className="muted num" style={{ marginLeft: 'auto' }}>
                  {t('count.hosts', { n: count(hit.hosts, language) })}
                </span>
              )}
            </div>
          ),
        })),
      ]}
      popupMatchSelectWidth={460}
      onSelect={open}
      notFoundContent={q.length > 1 && found.isSuccess ? t('top.search-none', { q }) : null}
    >
      <Input
        prefix={<SearchOutlined className="muted" />}
        placeholder={t('top.search')}
        aria-label={t('top.search-label')}
        allowClear
      />
    </AutoComplete>
  );
}

function Digest({ digest }: { digest: string }) {
  const { t } = useWords();
  return (
    <div style={{ display: 'flex', gap: 10, alignItems: 'baseline' }}>
      <span className="muted" style={{ width: 44, flex: 'none', fontSize: 12 }}>
        {t('nav.files')}
      </span>
      <span className="mono" style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>
        {digest}
      </span>
    </div>
  );
}
