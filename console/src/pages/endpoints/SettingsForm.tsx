/** What a group says itself. Nothing said is what the group above has. */
import { ArrowRightOutlined, RollbackOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Checkbox, Collapse, Input, InputNumber, Segmented, Select } from 'antd';
import type { ReactNode } from 'react';
import { get } from '../../api/client';
import type {
  AgentReleases,
  PolicyAgentVersion,
  PolicyEffective,
  PolicyMode,
  PolicyTelemetry,
} from '../../api/model';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import { MODE_ICONS, MODE_TONES, MODES } from './marks';
import { valueText } from './saying';
import {
  BOUNDS,
  ENTRIES,
  FLAGS,
  LIST_MAX,
  linesOf,
  NUMBERS,
  settingWord,
  TELEMETRY,
  type Draft,
  type ListName,
} from './settings';

const RUNS: readonly ListName[] = ['denied', 'allowed', 'publishers', 'deployers', 'deployed'];
const GUARDS: readonly ListName[] = ['protected', 'guard_allowed'];
const CHECKS: readonly ListName[] = ['baseline', 'baseline_set'];

interface Props {
  draft: Draft;
  onChange: (draft: Draft) => void;
  /** What holds above it; nothing for the group that nothing is above. */
  above: PolicyEffective | undefined;
}

export function SettingsForm({ draft, onChange, above }: Props) {
  const { t } = useWords();
  const part = { draft, onChange, above };
  return (
    <div className="settings-form">
      <h3>{t('endpoints.learning')}</h3>
      <Steps {...part} />
      <h3>{t('endpoints.part-runs')}</h3>
      <div className="settings-grid">
        <Reputation {...part} />
        {FLAGS.map((name) => (
          <Flag key={name} name={name} {...part} />
        ))}
      </div>
      <Lists names={RUNS} {...part} />
      <h3>{t('endpoints.part-guard')}</h3>
      <div className="settings-grid">
        <Amount name="undo_bytes_max" {...part} />
        <Amount name="kept_hours" {...part} />
      </div>
      <Lists names={GUARDS} {...part} />
      <h3>{t('endpoints.part-tells')}</h3>
      <div className="settings-grid">
        <Amount name="heartbeat_seconds" {...part} />
        <Agent {...part} />
        <Telemetry {...part} />
      </div>
      <Lists names={CHECKS} {...part} />
    </div>
  );
}

/** From looking to deciding, one step after the other. */
function Steps({ draft, onChange, above }: Props) {
  const { t } = useWords();
  const inherited = above?.mode.value ?? null;
  const step = (mode: PolicyMode | null, head: ReactNode, note: string) => (
    <label
      className={`mode-step${draft.mode === mode ? ' on' : ''}${mode ? ` tone-of-${MODE_TONES[mode]}` : ''}`}
    >
      <input
        type="radio"
        name="mode"
        checked={draft.mode === mode}
        onChange={() => onChange({ ...draft, mode })}
      />
      <span className="head">{head}</span>
      <span className="note">{note}</span>
    </label>
  );
  return (
    <fieldset className="mode-steps">
      <legend className="sr">{t('endpoints.mode')}</legend>
      {step(
        null,
        <>
          <RollbackOutlined aria-hidden="true" /> {t('endpoints.inherit')}
        </>,
        inherited
          ? t('endpoints.inherits', { value: t(`endpoints.mode-${inherited}`) })
          : t('endpoints.inherits-product'),
      )}
      {MODES.map((mode, i) => (
        <div key={mode} className="mode-way">
          {i > 0 && <ArrowRightOutlined aria-hidden="true" className="muted" />}
          {step(
            mode,
            <>
              {MODE_ICONS[mode]} {t(`endpoints.mode-${mode}`)}
            </>,
            t(`endpoints.mode-${mode}-means`),
          )}
        </div>
      ))}
    </fieldset>
  );
}

function Field({
  name,
  above,
  children,
}: {
  name: keyof PolicyEffective;
  above: PolicyEffective | undefined;
  children: ReactNode;
}) {
  const words = useWords();
  const { t, word } = words;
  const held = above?.[name] as { value: unknown } | undefined;
  return (
    <div className="setting" role="group" aria-label={word(settingWord(name), name)}>
      <span className="cap">{word(settingWord(name), name)}</span>
      <div className="line">{children}</div>
      <span className="muted small">
        {held
          ? t('endpoints.above-is', { value: valueText(words, name, held.value) })
          : t('endpoints.inherits-product')}
      </span>
    </div>
  );
}

function Flag({ name, draft, onChange, above }: Props & { name: (typeof FLAGS)[number] }) {
  const { t, word } = useWords();
  const value = draft.flags[name];
  return (
    <Field name={name} above={above}>
      <Segmented
        size="small"
        aria-label={word(settingWord(name), name)}
        value={value === null ? 'inherit' : value ? 'yes' : 'no'}
        options={(['inherit', 'yes', 'no'] as const).map((value) => ({
          value,
          label: t(`endpoints.${value}`),
        }))}
        onChange={(next) =>
          onChange({
            ...draft,
            flags: { ...draft.flags, [name]: next === 'inherit' ? null : next === 'yes' },
          })
        }
      />
    </Field>
  );
}

function Reputation({ draft, onChange, above }: Props) {
  const { t, word } = useWords();
  const value = draft.reputation;
  const kind = value === null ? 'inherit' : value === 'off' ? 'off' : 'from';
  const label = word(settingWord('reputation_from'));
  return (
    <Field name="reputation_from" above={above}>
      <Segmented
        size="small"
        aria-label={label}
        value={kind}
        options={(['inherit', 'off', 'from'] as const).map((value) => ({
          value,
          label: t(`endpoints.reputation-${value}`),
        }))}
        onChange={(next) =>
          onChange({
            ...draft,
            reputation: next === 'inherit' ? null : next === 'off' ? 'off' : { from: 80 },
          })
        }
      />
      {value !== null && value !== 'off' && (
        <InputNumber
          size="small"
          min={0}
          max={100}
          precision={0}
          value={value.from}
          aria-label={label}
          style={{ width: 70 }}
          onChange={(from) => from !== null && onChange({ ...draft, reputation: { from } })}
        />
      )}
    </Field>
  );
}

function Amount({ name, draft, onChange, above }: Props & { name: (typeof NUMBERS)[number] }) {
  const { t, word } = useWords();
  const value = draft.numbers[name];
  const { least, most, unit } = BOUNDS[name];
  const label = word(settingWord(name), name);
  const set = (next: number | null) => onChange({ ...draft, numbers: { ...draft.numbers, [name]: next } });
  return (
    <Field name={name} above={above}>
      <Segmented
        size="small"
        aria-label={label}
        value={value === null ? 'inherit' : 'own'}
        options={(['inherit', 'own'] as const).map((value) => ({ value, label: t(`endpoints.${value}`) }))}
        onChange={(next) => set(next === 'inherit' ? null : (above?.[name].value ?? least * unit) / unit)}
      />
      {value !== null && (
        <>
          <InputNumber
            size="small"
            min={least}
            max={most}
            precision={0}
            value={value}
            aria-label={label}
            style={{ width: 96 }}
            onChange={(next) => next !== null && set(next)}
          />
          <span className="muted small">{t(`endpoints.unit-${name}`)}</span>
        </>
      )}
    </Field>
  );
}

/** Which release its agents run; those that are here are offered. */
function Agent({ draft, onChange, above }: Props) {
  const { t, word } = useWords();
  const here = useQuery({
    queryKey: ['agent-releases'],
    queryFn: () => get<AgentReleases>('/agent-releases'),
  });
  const versions = [...new Set(here.data?.releases.map((one) => one.version))].reverse();
  const value = draft.agent;
  const release = value !== null && value !== 'as_it_is' ? value.release : null;
  const label = word(settingWord('agent'));
  const set = (agent: PolicyAgentVersion | null) => onChange({ ...draft, agent });
  return (
    <Field name="agent" above={above}>
      <Select<string>
        size="small"
        aria-label={label}
        style={{ width: 200 }}
        value={release?.version ?? (value === null ? '' : '*')}
        options={[
          { value: '', label: t('endpoints.inherit') },
          { value: '*', label: t('endpoints.agent-as-it-is') },
          // One that was named and is gone is still what the group says.
          ...[...new Set([...versions, ...(release ? [release.version] : [])])].map((version) => ({
            value: version,
            label: version,
          })),
        ]}
        onChange={(next) =>
          set(
            next === ''
              ? null
              : next === '*'
                ? 'as_it_is'
                : { release: { version: next, older: release?.older ?? false } },
          )
        }
      />
      {release && (
        <Checkbox
          checked={release.older ?? false}
          onChange={(event) => set({ release: { ...release, older: event.target.checked } })}
        >
          {t('endpoints.agent-older')}
        </Checkbox>
      )}
    </Field>
  );
}

function Telemetry({ draft, onChange, above }: Props) {
  const { t, word } = useWords();
  const label = word(settingWord('telemetry'));
  return (
    <Field name="telemetry" above={above}>
      <div className="stack">
        <Segmented
          size="small"
          aria-label={label}
          value={draft.telemetry === null ? 'inherit' : 'own'}
          options={(['inherit', 'own'] as const).map((value) => ({ value, label: t(`endpoints.${value}`) }))}
          onChange={(next) =>
            onChange({
              ...draft,
              telemetry: next === 'inherit' ? null : (above?.telemetry.value ?? ['executions']),
            })
          }
        />
        {draft.telemetry !== null && (
          <Checkbox.Group<PolicyTelemetry>
            value={draft.telemetry}
            options={TELEMETRY.map((value) => ({ value, label: word(`policy.telemetry-${value}`) }))}
            onChange={(kinds) =>
              onChange({ ...draft, telemetry: TELEMETRY.filter((kind) => kinds.includes(kind)) })
            }
          />
        )}
      </div>
    </Field>
  );
}

function Lists({ names, draft, onChange, above }: Props & { names: readonly ListName[] }) {
  const { t, word, language } = useWords();
  const n = (value: number) => count(value, language);
  return (
    <Collapse
      size="small"
      className="setting-lists"
      defaultActiveKey={names.filter((name) => draft.lists[name] !== '')}
      items={names.map((name) => {
        const { entries, wrong } = linesOf(draft.lists[name], ENTRIES[name]);
        const inherited = Object.keys(above?.[name] ?? {}).length;
        return {
          key: name,
          label: <span className="cap">{word(settingWord(name), name)}</span>,
          extra: (
            <span className="small num muted">
              {wrong.length > 0 && (
                <span className="tone-open">{t('endpoints.n-wrong', { n: n(wrong.length) })} · </span>
              )}
              {t('endpoints.n-here', { n: n(entries.length) })}
              {inherited > 0 && ` · ${t('endpoints.n-above', { n: n(inherited) })}`}
            </span>
          ),
          children: (
            <>
              <Input.TextArea
                className="mono"
                autoSize={{ minRows: 3, maxRows: 10 }}
                value={draft.lists[name]}
                placeholder={t(`endpoints.hint-${ENTRIES[name]}`)}
                aria-label={word(settingWord(name), name)}
                status={wrong.length > 0 ? 'error' : ''}
                spellCheck={false}
                onChange={(event) =>
                  onChange({ ...draft, lists: { ...draft.lists, [name]: event.target.value } })
                }
              />
              <p className="muted small">{t(`endpoints.list-${name}-means`)}</p>
              {wrong.slice(0, 3).map((line) => (
                <p key={line.number} className="small tone-open" role="alert">
                  {t(`endpoints.wrong-${ENTRIES[name]}`, { line: line.number })}{' '}
                  <Name text={line.text.slice(0, 80)} className="mono" />
                </p>
              ))}
              {entries.length > LIST_MAX && (
                <p className="small tone-open" role="alert">
                  {t('endpoints.too-many', { n: n(entries.length), most: n(LIST_MAX) })}
                </p>
              )}
            </>
          ),
        };
      })}
    />
  );
}
