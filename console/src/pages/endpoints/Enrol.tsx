/** No endpoint yet: the three steps to the first one. */
import { Go } from '../../parts/Act';
import { Panel } from '../../parts/Panel';
import { Quoted } from '../../parts/Says';
import { useWords } from '../../words';
import { Copy } from '../../parts/Copy';

const ENROL = 'redoubt-agent enrol --server HOST:7312 --authority FINGERPRINT --token TOKEN';
const SERVE = 'redoubt-agent serve';

export function Enrol() {
  const { t } = useWords();
  const steps = [
    { title: t('endpoints.enrol-token'), note: t('endpoints.enrol-token-note') },
    { title: t('endpoints.enrol-run'), note: t('endpoints.enrol-run-note'), command: ENROL },
    { title: t('endpoints.enrol-serve'), note: t('endpoints.enrol-serve-note'), command: SERVE },
  ];
  return (
    <Panel>
      <div className="enrol">
        <h2>{t('endpoints.empty-title')}</h2>
        <p className="muted">{t('endpoints.empty')}</p>
        <ol className="steps">
          {steps.map((step, i) => (
            <li key={step.title}>
              <span className="ordinal">{i + 1}</span>
              <div>
                <div className="title">{step.title}</div>
                <p className="muted">
                  <Quoted text={step.note} />
                </p>
                {step.command && (
                  <div className="line">
                    <code className="code collectors-command grow">{step.command}</code>
                    <Copy text={step.command} />
                  </div>
                )}
                {i === 0 && (
                  <Go to="/system/collectors" type="primary">
                    {t('endpoints.to-collectors')}
                  </Go>
                )}
              </div>
            </li>
          ))}
        </ol>
        <p className="muted small">{t('endpoints.enrol-first')}</p>
      </div>
    </Panel>
  );
}
