/** Values of settings in words, wherever they are shown. */
import type {
  PolicyAgentVersion,
  PolicyMode,
  PolicySettings,
  PolicyTelemetry,
  PolicyThreshold,
} from '../../api/model';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { useWords, type Words } from '../../words';
import { ModeMark } from './marks';
import { LISTS, saidBy, settingWord, type ListName } from './settings';

const isList = (name: string): name is ListName => LISTS.some((list) => list === name);

/** A value that is no list, as text. */
export function valueText(words: Words, name: string, value: unknown): string {
  const { t, word, language } = words;
  switch (name) {
    case 'mode':
      return t(`endpoints.mode-${value as PolicyMode}`);
    case 'reputation_from': {
      const threshold = value as PolicyThreshold;
      return threshold === 'off' ? t('endpoints.by-none') : t('endpoints.by-from', { from: threshold.from });
    }
    case 'undo_bytes_max':
      return word('policy.mebibytes').replace(
        '{{count}}',
        count(Math.round((value as number) / 2 ** 20), language),
      );
    case 'kept_hours':
      return t('endpoints.n-hours', { n: count(value as number, language) });
    case 'heartbeat_seconds':
      return t('endpoints.n-seconds', { n: count(value as number, language) });
    case 'agent': {
      const agent = value as PolicyAgentVersion;
      if (agent === 'as_it_is') return t('endpoints.agent-as-it-is');
      const { version, older } = agent.release;
      return older ? `${version} (${t('endpoints.agent-older')})` : version;
    }
    case 'telemetry': {
      const kinds = value as PolicyTelemetry[];
      if (kinds.length === 0) return t('endpoints.telemetry-none');
      return kinds
        .map((kind) => word(`policy.telemetry-${kind}`, kind))
        .join(language === 'zh-CN' ? '、' : ', ');
    }
    default:
      return typeof value === 'boolean' ? t(value ? 'endpoints.yes' : 'endpoints.no') : String(value);
  }
}

export function Value({ name, value }: { name: string; value: unknown }) {
  const words = useWords();
  if (name === 'mode') return <ModeMark mode={value as PolicyMode} />;
  return <>{valueText(words, name, value)}</>;
}

/** What a group says itself, as it was proposed. */
export function SettingsFacts({ settings }: { settings: PolicySettings }) {
  const { t, word, language } = useWords();
  const things = saidBy(settings);
  if (things.length === 0) return <p className="muted">{t('endpoints.says-nothing')}</p>;
  return (
    <dl className="facts">
      {things.map(({ name, value }) => (
        <div key={name} className="fact-of">
          <dt className="cap">{word(settingWord(name), name)}</dt>
          <dd>
            {isList(name) ? (
              <>
                <span className="num">
                  {t('endpoints.n-entries', { n: count((value as string[]).length, language) })}
                </span>
                {(value as string[]).slice(0, 5).map((entry) => (
                  <div key={entry} className="small muted">
                    <Name text={entry} className="mono anywhere" />
                  </div>
                ))}
              </>
            ) : (
              <Value name={name} value={value} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
