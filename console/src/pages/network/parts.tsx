/** What the pages of the network share: ends, outcomes, evidence, times to the millisecond. */
import { DownloadOutlined } from '@ant-design/icons';
import { Link } from 'react-router';
import { address } from '../../api/client';
import type { FindingOutcome, NetworkEnd, ProfileKind } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { Mark } from '../../parts/Marks';
import { instant } from '../../parts/format';
import { useWords } from '../../words';

export function OutcomeMark({ outcome }: { outcome: FindingOutcome }) {
  const { t } = useWords();
  return <Mark tone={outcome === 'success' ? 'open' : 'blocked'}>{t(`network.outcome-${outcome}`)}</Mark>;
}

/** How far a connection got, in words; a state that has none stands as it is. */
export function connection(state: string, word: (code: string, otherwise: string) => string): string {
  return word(`console.connection.${state}`, state);
}

/** Where the profile of a host, a link or an account is. */
export function profilePath(kind: ProfileKind, subject: string, other?: string): string {
  const query = new URLSearchParams({ kind, subject, ...(other && { other }) });
  return `/network/profiles?${query.toString()}`;
}

/** An address, with its profile; the host that has it is one click away. */
export function End({ end, plain }: { end: NetworkEnd; plain?: boolean }) {
  const { t } = useWords();
  const profile = (
    <Link
      to={profilePath('host', end.address)}
      title={t('network.to-profile')}
      className={end.host ? 'mono muted small' : 'mono'}
    >
      {end.address}
    </Link>
  );
  if (!end.host) return profile;
  return (
    <span>
      <Link to={`/hosts/${encodeURIComponent(end.host)}`} className={plain ? undefined : 'strong'}>
        {end.label ?? end.address}
      </Link>{' '}
      {profile}
    </span>
  );
}

/** Takes the frames away as a capture; where that is not possible the button says why. */
export function Evidence({ path, kept, label }: { path: string; kept: boolean; label?: string }) {
  const { t } = useWords();
  const may = useMay();
  const denied = !may('work-plans') ? t('denied.evidence') : kept ? null : t('network.evidence-gone');
  return (
    <Act
      size="small"
      icon={<DownloadOutlined />}
      denied={denied}
      {...(denied === null && { href: address(path), download: true })}
    >
      {label ?? t('network.evidence')}
    </Act>
  );
}

/** `2017-05-18 10:12:07.253`. */
export function moment(text: string | null | undefined): string {
  if (!text) return '—';
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const two = (value: number, digits = 2) => String(value).padStart(digits, '0');
  return `${instant(text)}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}

/** The command in the words of its protocol; a prefix that every command of it has is left out. */
export function operationName(operation: string | null | undefined): string | undefined {
  return operation?.replace(/^SMB[12]_COMMAND_/, '');
}

/** A length of time in the unit a person would choose. */
export function span(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
  const seconds = us / 1_000_000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const two = (large: number, unit: string, small: number, part: string) =>
    small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${part}`;
  const whole = Math.round(seconds);
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(whole / 60);
  return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

/** `10.0.0.1:445`, `[fe80::1]:445`; without ports the address alone. */
export function place(at: string, port: number): string {
  if (port === 0) return at;
  return at.includes(':') ? `[${at}]:${port}` : `${at}:${port}`;
}
