/** How hosts, systems, roles and steps are called. */
import { useCallback } from 'react';
import type { Action, HostRole, HostRow } from '../api/model';
import { useWords, type WordKey } from '../words';
import { kb } from './format';

type SystemParts = Pick<HostRow, 'product' | 'edition' | 'service_pack' | 'arch' | 'build'>;

/** `Windows Server 2012 R2 Standard`. */
export function productName(row: SystemParts): string | null {
  if (!row.product) return null;
  return row.edition && !row.product.includes(row.edition) ? `${row.product} ${row.edition}` : row.product;
}

/** `SP1 · x64 · 7601`. Service pack 0 is a fact and shows; an unknown one does not. */
export function systemDetail(row: SystemParts): string {
  const parts = [row.service_pack == null ? null : `SP${row.service_pack}`, row.arch, row.build];
  return parts.filter((part) => part != null).join(' · ');
}

export const roleKey = (role: HostRole): WordKey => `role.${role.replaceAll(' ', '-')}` as WordKey;

export type Named = Pick<Action, 'kind' | 'control' | 'any_of' | 'ports' | 'services'>;

/** `Key patch KB4012212 or KB4012215`, `封堵端口 tcp/445、tcp/139`. */
export function useActionName(): (action: Named) => string {
  const { t, word, language } = useWords();
  return useCallback(
    (action) => {
      const comma = language === 'zh-CN' ? '、' : ', ';
      const what = [
        (action.any_of ?? []).map(kb).join(t('step.or')),
        (action.ports ?? []).join(comma),
        (action.services ?? []).join(comma),
      ].filter((part) => part !== '');
      const control = action.control ? word(`control.${action.control}`, '') : '';
      const name = control !== '' ? control : word(`disposal.kind.${action.kind}`);
      return [name, ...what].join(' ');
    },
    [t, word, language],
  );
}
