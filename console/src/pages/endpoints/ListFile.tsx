/** A file is allowed or denied by name in a group and those below it: a change like any other. */
import { useState } from 'react';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { useGroups } from './asking';
import { ChangeDrawer } from './ChangeDrawer';
import { GroupSelect } from './GroupChanges';
import { withDigest } from './settings';
import { rootOf } from './tree';

export function ListFile(props: {
  list: 'allowed' | 'denied';
  sha256: string;
  path: string;
  onClose: () => void;
}) {
  const { t } = useWords();
  const { list, sha256, onClose } = props;
  const groups = useGroups().data?.groups ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const id = chosen ?? rootOf(groups)?.id ?? null;
  const group = groups.find((one) => one.id === id);
  const listed = group?.settings[list]?.includes(sha256) ?? false;
  return (
    <ChangeDrawer
      title={`${t(list === 'allowed' ? 'endpoints.allow' : 'endpoints.deny')} · ${visible(props.path)}`}
      means={t(`endpoints.list-${list}-means`)}
      danger={list === 'denied'}
      proposal={
        group && !listed
          ? { kind: 'settings', group: group.id, settings: withDigest(group.settings, list, sha256) }
          : null
      }
      wanting={listed ? t('endpoints.listed-already') : t('endpoints.group-needed')}
      onClose={onClose}
    >
      <div className="change-fields">
        <label>
          <span>{t('endpoints.in-group')}</span>
          <GroupSelect groups={groups} value={id} label={t('endpoints.in-group')} onChange={setChosen} />
          <small className="muted">{t('endpoints.in-group-note')}</small>
        </label>
      </div>
    </ChangeDrawer>
  );
}
