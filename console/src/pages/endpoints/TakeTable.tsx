/** A button that takes a whole list away as CSV. */
import { DownloadOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { App } from 'antd';
import { get, sayable, type Query } from '../../api/client';
import { Act } from '../../parts/Act';
import { csv, save } from '../../parts/files';
import { count } from '../../parts/format';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { gather, PAGE, type Page } from './gather';

/** A column: its head, and what stands in it. */
export type Taken<T> = [string, (row: T) => string | number | null | undefined];

export function TakeTable<T>(props: {
  name: string;
  path: string;
  query: Query;
  total: number | undefined;
  keyOf: (row: T) => string | number;
  columns: Taken<T>[];
}) {
  const { t, say, language } = useWords();
  const { message } = App.useApp();
  const { name, path, query, total, keyOf, columns } = props;
  const taking = useMutation({
    mutationFn: () => gather((cursor) => get<Page<T>>(path, { ...query, cursor, limit: PAGE }), keyOf),
    onSuccess: ({ rows, total }) => {
      const cell = (value: string | number | null | undefined) =>
        typeof value === 'string' ? visible(value) : value;
      const table = csv(
        columns.map(([head]) => head),
        rows.map((row) => columns.map(([, of]) => cell(of(row)))),
      );
      save(`redoubt-${name}.csv`, table, 'text/csv;charset=utf-8');
      if (rows.length < total)
        void message.warning(
          t('files.csv-cut', { n: count(rows.length, language), all: count(total, language) }),
        );
    },
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <Act
      size="small"
      icon={<DownloadOutlined />}
      title={t('files.csv-means')}
      denied={total === 0 ? t('files.csv-nothing') : null}
      loading={taking.isPending}
      onClick={() => taking.mutate()}
    >
      CSV
    </Act>
  );
}
