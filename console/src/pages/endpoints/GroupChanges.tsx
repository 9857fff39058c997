/** What can be done with a group, each as a change that is tried before it is made. */
import { Input, InputNumber, Select } from 'antd';
import { useState } from 'react';
import type { EndpointGroup, PolicyEffective, PolicyProposal } from '../../api/model';
import { useFilters } from '../../parts/url';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { ChangeDrawer } from './ChangeDrawer';
import { draftOf, settingsOf } from './settings';
import { SettingsForm } from './SettingsForm';
import { idOf, rootOf, withBelow } from './tree';

export type Deed = PolicyProposal['kind'];

interface Props {
  group: EndpointGroup;
  groups: EndpointGroup[];
  above: PolicyEffective | undefined;
  onClose: () => void;
}

export function Doing({ deed, ...props }: Props & { deed: Deed }) {
  switch (deed) {
    case 'settings':
      return <Settings {...props} />;
    case 'create':
      return <Create {...props} />;
    case 'rename':
      return <Rename {...props} />;
    case 'move':
      return <Move {...props} />;
    case 'remove':
      return <Remove {...props} />;
    case 'break-glass':
      return <Break {...props} />;
    case 'mend-glass':
      return <Mend {...props} />;
  }
}

const useTitle = (deed: Deed, group: EndpointGroup) => {
  const { t } = useWords();
  return `${t(`endpoints.do-${deed}`)} · ${visible(group.name)}`;
};

function Settings({ group, above, onClose }: Props) {
  const { t } = useWords();
  const title = useTitle('settings', group);
  const [draft, setDraft] = useState(() => draftOf(group.settings));
  const settings = settingsOf(draft);
  const before = JSON.stringify(settingsOf(draftOf(group.settings)));
  const changed = settings !== null && JSON.stringify(settings) !== before;
  return (
    <ChangeDrawer
      title={title}
      width={900}
      proposal={changed ? { kind: 'settings', group: group.id, settings } : null}
      wanting={settings === null ? t('endpoints.mend-lines') : t('endpoints.change-nothing')}
      onClose={onClose}
    >
      <SettingsForm draft={draft} onChange={setDraft} above={above} />
    </ChangeDrawer>
  );
}

const NAME_MAX = 64;

function Create({ group, groups, onClose }: Props) {
  const { t } = useWords();
  const { set } = useFilters();
  const title = useTitle('create', group);
  const taken = new Set(groups.map(({ id }) => id));
  const [name, setName] = useState('');
  const [written, setWritten] = useState<string | null>(null);
  const id = written ?? (name.trim() === '' ? '' : idOf(name, taken));
  const plain = /^[A-Za-z0-9._:@-]{1,64}$/.test(id);
  const wanting =
    name.trim() === ''
      ? t('endpoints.name-needed')
      : !plain
        ? t('endpoints.id-bad')
        : taken.has(id)
          ? t('endpoints.id-taken')
          : null;
  return (
    <ChangeDrawer
      title={title}
      means={t('endpoints.create-means')}
      proposal={
        wanting === null ? { kind: 'create', id, name: name.trim(), parent: group.id, settings: {} } : null
      }
      wanting={wanting}
      onClose={onClose}
      onDone={({ applied }) => applied && set({ group: id })}
    >
      <div className="change-fields">
        <label>
          <span>{t('endpoints.name')}</span>
          <Input
            value={name}
            maxLength={NAME_MAX}
            autoFocus
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label>
          <span>{t('endpoints.group-id')}</span>
          <Input
            className="mono"
            value={id}
            maxLength={NAME_MAX}
            onChange={(event) => setWritten(event.target.value)}
          />
          <small className="muted">{t('endpoints.group-id-note')}</small>
        </label>
      </div>
    </ChangeDrawer>
  );
}

function Rename({ group, onClose }: Props) {
  const { t } = useWords();
  const title = useTitle('rename', group);
  const [name, setName] = useState(group.name);
  const fits = name.trim() !== '' && name.trim() !== group.name;
  return (
    <ChangeDrawer
      title={title}
      proposal={fits ? { kind: 'rename', group: group.id, name: name.trim() } : null}
      wanting={t('endpoints.name-needed')}
      onClose={onClose}
    >
      <div className="change-fields">
        <label>
          <span>{t('endpoints.name')}</span>
          <Input
            value={name}
            maxLength={NAME_MAX}
            autoFocus
            onChange={(event) => setName(event.target.value)}
          />
        </label>
      </div>
    </ChangeDrawer>
  );
}

/** Groups to choose from. */
export function GroupSelect(props: {
  groups: readonly EndpointGroup[];
  value: string | null;
  label: string;
  without?: ReadonlySet<string>;
  onChange: (id: string) => void;
}) {
  return (
    <Select
      showSearch={{ optionFilterProp: 'label' }}
      value={props.value}
      aria-label={props.label}
      placeholder={props.label}
      style={{ width: '100%' }}
      options={props.groups
        .filter(({ id }) => !props.without?.has(id))
        .map(({ id, name }) => ({ value: id, label: visible(name) }))}
      onChange={(id: string) => props.onChange(id)}
    />
  );
}

function Move({ group, groups, onClose }: Props) {
  const { t } = useWords();
  const title = useTitle('move', group);
  const [parent, setParent] = useState<string | null>(group.parent ?? null);
  const moves = parent !== null && parent !== group.parent;
  return (
    <ChangeDrawer
      title={title}
      means={t('endpoints.move-means')}
      proposal={moves ? { kind: 'move', group: group.id, parent } : null}
      wanting={t('endpoints.parent-needed')}
      onClose={onClose}
    >
      <div className="change-fields">
        <label>
          <span>{t('endpoints.parent-group')}</span>
          <GroupSelect
            groups={groups}
            value={parent}
            label={t('endpoints.parent-group')}
            without={withBelow(groups, group.id)}
            onChange={setParent}
          />
        </label>
      </div>
    </ChangeDrawer>
  );
}

function Remove({ group, groups, onClose }: Props) {
  const { t } = useWords();
  const { set } = useFilters();
  const title = useTitle('remove', group);
  return (
    <ChangeDrawer
      title={title}
      danger
      means={t('endpoints.remove-means')}
      proposal={{ kind: 'remove', group: group.id }}
      onClose={onClose}
      onDone={({ applied }) => applied && set({ group: group.parent ?? rootOf(groups)?.id })}
    />
  );
}

const MINUTES_MAX = 24 * 60;
const USUAL = [15, 60, 240, 480];

function Break({ group, onClose }: Props) {
  const { t } = useWords();
  const title = useTitle('break-glass', group);
  const [minutes, setMinutes] = useState<number | null>(60);
  return (
    <ChangeDrawer
      title={title}
      danger
      means={t('endpoints.break-means')}
      proposal={minutes === null ? null : { kind: 'break-glass', group: group.id, minutes }}
      wanting={t('endpoints.minutes-needed')}
      onClose={onClose}
    >
      <div className="change-fields">
        <label>
          <span>{t('endpoints.minutes')}</span>
          <span className="line wrap">
            <InputNumber
              min={1}
              max={MINUTES_MAX}
              precision={0}
              value={minutes}
              aria-label={t('endpoints.minutes')}
              style={{ width: 110 }}
              onChange={setMinutes}
            />
            {USUAL.map((value) => (
              <button
                key={value}
                type="button"
                className="link num"
                aria-pressed={minutes === value}
                onClick={() => setMinutes(value)}
              >
                {value}
              </button>
            ))}
          </span>
          <small className="muted">{t('endpoints.minutes-note')}</small>
        </label>
      </div>
    </ChangeDrawer>
  );
}

function Mend({ group, onClose }: Props) {
  const { t } = useWords();
  const title = useTitle('mend-glass', group);
  return (
    <ChangeDrawer
      title={title}
      means={t('endpoints.mend-means')}
      proposal={{ kind: 'mend-glass', group: group.id }}
      onClose={onClose}
    />
  );
}
