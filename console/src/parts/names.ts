/** How hosts, systems, roles and steps are called. */
import { useCallback } from 'react';
import type { Action, FleetAction, HostRole, HostRow } from '../api/model';
import { useWords, type WordKey } from '../words';
import { count, kb } from './format';

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

const CLIENTS: Record<string, string> = { xp: 'XP', vista: 'Vista' };

/** `7-sp1-x64` is Windows 7 SP1, `2012r2` is Windows Server 2012 R2. */
export function systemName(id: string): string {
  const [head = '', ...rest] = id.replace(/-(x86|x64|ia64|arm64)$/, '').split('-');
  const detail = rest.filter((part) => part !== 'sp0').map((part) => part.toUpperCase());
  const server = /^(\d{4})(r2)?$/.exec(head);
  const name =
    server && head !== '2000'
      ? `Windows Server ${server[1]}${server[2] ? ' R2' : ''}`
      : `Windows ${CLIENTS[head] ?? head}`;
  return [name, ...detail].join(' ');
}

/** The parameter without which the words of a kind say nothing. */
const NEEDS: Partial<Record<FleetAction['kind'], string>> = {
  'block-port': 'ports',
  shield: 'ports',
  'detect-outside': 'ports',
  'base-patch': 'base',
  'key-patch': 'kbs',
  'disable-service': 'what',
  'upgrade-application': 'product',
  'upgrade-system': 'target',
  'replace-system': 'target',
};

/** What a fleet action does, and on how many hosts, in one line. */
export function useFleetTitle(): (action: FleetAction) => string {
  const { t, say, word, language } = useWords();
  return useCallback(
    (action) => {
      const n = count(action.hosts, language);
      const hosts = t(action.hosts === 1 ? 'hosts.one' : 'hosts.many', { n });
      const params = { ...action.title.params, hosts };
      const control = word(`control.${action.control}.title`, '');
      if (action.kind === 'disable-feature' && control !== '') {
        return say({ code: 'console.do.control', params: { ...params, what: control } });
      }
      const need = NEEDS[action.kind];
      const kbs = action.title.params?.['kbs'];
      const several = need === 'kbs' && Array.isArray(kbs) && kbs.length > 1;
      const code = `console.do.${action.kind}${several ? '-any' : ''}`;
      const told = word(code, '') !== '' && (need === undefined || action.title.params?.[need] !== undefined);
      return told ? say({ code, params }) : say(action.title);
    },
    [t, say, word, language],
  );
}

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
      const control = action.control ? word(`control.${action.control}.title`, '') : '';
      const name = control !== '' ? control : word(`disposal.kind.${action.kind}`);
      return [name, ...what].join(' ');
    },
    [t, word, language],
  );
}

/** A part of the knowledge; what was brought in beside what the product ships says so. */
export function usePartName(): (part: string) => string {
  const { t, word } = useWords();
  return useCallback(
    (part) => {
      const [, kind] = /^import:(.+)$/.exec(part) ?? [];
      if (!kind) return word(`console.knowledge.${part}`, part);
      return t('knowledge.imported', { part: word(`console.knowledge.${kind}`, kind) });
    },
    [t, word],
  );
}
