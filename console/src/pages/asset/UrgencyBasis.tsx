/** How soon, and the answers that lead there; an assumed answer shows as such. */
import type { Urgency } from '../../api/model';
import { UrgencyMark } from '../../parts/Marks';
import { useWords } from '../../words';

export function UrgencyBasis({ urgency }: { urgency: Urgency }) {
  const { t, say } = useWords();
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
