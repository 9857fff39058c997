/** The steps of a plan in the order they are done. */
import type { Step } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Blank } from '../../parts/Blank';
import { useActionName } from '../../parts/names';
import { Says } from '../../parts/Says';
import { useWords } from '../../words';

export function Steps({ steps, brief }: { steps: Step[]; brief?: boolean }) {
  const { t, language } = useWords();
  const action = useActionName();
  const weapon = useWeaponName();
  const comma = language === 'zh-CN' ? '、' : ', ';
  if (steps.length === 0) return <Blank title={t('asset.no-steps')} />;
  return (
    <ol className="steps">
      {steps.map((step) => (
        <li key={step.number}>
          <span className="ordinal">{step.number}</span>
          <div>
            <div className="title">
              {action(step)}
              {step.reboot && <span className="chip warn">{t('step.reboot')}</span>}
              {step.temporary && <span className="chip">{t('step.temporary')}</span>}
              {step.review_on && <span className="chip">{t('step.review', { day: step.review_on })}</span>}
            </div>
            <div className="muted small">{step.weapons.map(weapon).join(comma)}</div>
            {!brief && <Says list={step.why} className="why" />}
          </div>
        </li>
      ))}
    </ol>
  );
}
