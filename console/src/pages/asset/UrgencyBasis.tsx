/** How soon, which weapon decides it, and the answers that lead there; an assumed answer shows as such. */
import type { HostExposure, HostPlan, Urgency } from '../../api/model';
import { UrgencyMark } from '../../parts/Marks';
import { useWeaponName } from '../../api/weapons';
import { useWords } from '../../words';
import { deciding } from './deciding';

export function UrgencyBasis({ plan, exposure }: { plan: HostPlan; exposure: HostExposure }) {
  const { t, say } = useWords();
  const name = useWeaponName();
  const urgency: Urgency = plan.urgency;
  const decided = deciding(plan, exposure);
  const word = (code: string) => say({ code });
  const { basis } = urgency;
  const answers = [
    word(basis.kev ? 'disposal.basis.kev' : 'disposal.basis.not-kev'),
    word(
      basis.exposed_assumed
        ? 'disposal.basis.exposed-assumed'
        : basis.exposed
          ? 'disposal.basis.exposed'
          : 'disposal.basis.not-exposed',
    ),
    ...(basis.automatable ? [word('disposal.basis.automatable')] : []),
    ...(basis.total_impact ? [word('disposal.basis.total-impact')] : []),
  ];
  return (
    <div style={{ marginTop: 12 }}>
      <span className="muted">{t('col.urgency')} </span>
      <UrgencyMark timeline={urgency.timeline} />
      {decided && (
        <p className="small muted" style={{ margin: '6px 0 0' }}>
          {t(decided.further > 0 ? 'urgency.decided-by-more' : 'urgency.decided-by', {
            weapon: name(decided.weapon),
            n: decided.further,
          })}
        </p>
      )}
      {urgency.timeline !== 'none' && (
        <ul className="says">
          {answers.map((answer) => (
            <li key={answer}>{answer}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
