/** The bar on top: search across everything, the age of the data, language, mode and account. */
import { MoonOutlined, SunOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Segmented, Tooltip } from 'antd';
import { get } from '../api/client';
import type { Overview } from '../api/model';
import { ago, instant } from '../parts/format';
import { chooseLanguage, useWords, type Language } from '../words';
import { Account } from './Account';
import { GlobalSearch } from './GlobalSearch';
import { useMode } from './mode';
import { Notices } from './Notices';

export function Top() {
  return (
    <header className="top">
      <GlobalSearch />
      <span className="grow" />
      <DataAge />
      <Notices />
      <LanguageSwitch />
      <ModeSwitch />
      <Account />
    </header>
  );
}

/** How old the facts are that everything on the page is judged from. */
function DataAge() {
  const { t, language } = useWords();
  const overview = useQuery({ queryKey: ['overview'], queryFn: () => get<Overview>('/overview') });
  if (!overview.data) return null;
  const last = overview.data.newest_seen;
  if (!last || overview.data.hosts.total === 0)
    return <span className="muted nowrap">{t('top.data-none')}</span>;
  return (
    <Tooltip title={`${instant(overview.data.oldest_seen)} – ${instant(last)}`}>
      <span className="muted nowrap">{t('top.data-age', { age: ago(last, language) })}</span>
    </Tooltip>
  );
}

export function LanguageSwitch() {
  const { language, t } = useWords();
  return (
    <Segmented<Language>
      size="small"
      aria-label={t('top.language')}
      value={language}
      options={[
        { value: 'zh-CN', label: '中文' },
        { value: 'en', label: 'English' },
      ]}
      onChange={(next) => void chooseLanguage(next)}
    />
  );
}

export function ModeSwitch() {
  const { mode, choose } = useMode();
  const { t } = useWords();
  const name = t(mode === 'dark' ? 'top.mode-light' : 'top.mode-dark');
  return (
    <Tooltip title={name}>
      <Button
        type="text"
        aria-label={name}
        icon={mode === 'dark' ? <SunOutlined /> : <MoonOutlined />}
        onClick={() => choose(mode === 'dark' ? 'light' : 'dark')}
      />
    </Tooltip>
  );
}
