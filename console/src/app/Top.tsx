/** The bar on top: search across everything, the age of the data, language, mode and account. */
import { LogoutOutlined, MoonOutlined, SunOutlined, UserOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Dropdown, Segmented, Tooltip } from 'antd';
import { useContext } from 'react';
import { get } from '../api/client';
import type { Overview } from '../api/model';
import { Signed, useLeave } from '../api/session';
import { ago, instant } from '../parts/format';
import { chooseLanguage, useWords, type Language } from '../words';
import { useMode } from './mode';
import { GlobalSearch } from './GlobalSearch';

export function Top() {
  return (
    <header className="top">
      <GlobalSearch />
      <span className="grow" />
      <DataAge />
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

function Account() {
  const { t } = useWords();
  const me = useContext(Signed);
  const leave = useLeave();
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          { key: 'leave', icon: <LogoutOutlined />, label: t('top.sign-out'), onClick: () => void leave() },
        ],
      }}
    >
      <Button type="text" icon={<UserOutlined />} aria-label={t('top.account')}>
        {me?.name}
      </Button>
    </Dropdown>
  );
}
