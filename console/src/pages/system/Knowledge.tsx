/** What every judgement stands on: its age, and bringing in newer knowledge from a medium. */
import { useQuery } from '@tanstack/react-query';
import { Table, type TableColumnsType } from 'antd';
import { useNavigate } from 'react-router';
import { get } from '../../api/client';
import type { KnowledgeAge, KnowledgeInfo } from '../../api/model';
import { Show } from '../../parts/Blank';
import { count } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { usePartName } from '../../parts/names';
import { useWords } from '../../words';
import { Drop } from '../import/Drop';

export function Knowledge() {
  const { t, language } = useWords();
  const name = usePartName();
  const go = useNavigate();
  const knowledge = useQuery({ queryKey: ['knowledge'], queryFn: () => get<KnowledgeInfo>('/knowledge') });
  const columns: TableColumnsType<KnowledgeAge> = [
    { title: t('knowledge.part'), render: (_, part) => name(part.part) },
    {
      title: t('knowledge.rows'),
      width: 140,
      align: 'right',
      // Of what was brought in, the rows are not counted again.
      render: (_, part) => (part.rows === 0 ? '—' : count(part.rows, language)),
    },
    { title: t('knowledge.date'), width: 140, render: (_, part) => part.date ?? '—' },
    {
      title: t('knowledge.version'),
      width: 260,
      render: (_, part) => <span className="mono anywhere">{part.version}</span>,
    },
    {
      title: t('exposure.state'),
      width: 130,
      render: (_, part) => (
        <Mark tone={part.stale ? 'blocked' : 'fixed'} bare>
          {t(part.stale ? 'knowledge.stale' : 'knowledge.fresh')}
        </Mark>
      ),
    },
  ];
  return (
    <div className="grid">
      <Panel
        flush
        title={t('system.knowledge')}
        extra={knowledge.data && <span className="mono muted small">{knowledge.data.version}</span>}
      >
        <Show of={knowledge}>
          {(info) => (
            <Table
              size="small"
              rowKey="part"
              columns={columns}
              dataSource={info.parts}
              pagination={false}
              aria-label={t('system.knowledge')}
            />
          )}
        </Show>
      </Panel>
      <Drop
        to="/knowledge/imports"
        hint={t('knowledge.import')}
        onSent={(job) => void go(`/jobs?job=${encodeURIComponent(job)}`)}
      />
    </div>
  );
}
