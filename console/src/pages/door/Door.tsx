/** The pages before the console: what the product is on the left, the form, or what is the matter, on the right. */
import type { ReactNode } from 'react';
import { LanguageSwitch, ModeSwitch } from '../../app/Top';
import { Logo } from '../../parts/Logo';
import { useWords } from '../../words';

export function Door({ children }: { children: ReactNode }) {
  const { t } = useWords();
  return (
    <div className="door">
      <aside>
        <div>
          <Logo size={44} />
          <h1>{t('door.title')}</h1>
          <p>{t('door.lead')}</p>
          <ul>
            <li>{t('door.point-hit')}</li>
            <li>{t('door.point-plan')}</li>
            <li>{t('door.point-proof')}</li>
          </ul>
        </div>
        <p style={{ fontSize: 12, color: '#8496ad' }}>{t('door.offline')}</p>
      </aside>
      <main>
        <div
          style={{ position: 'absolute', top: 16, right: 20, display: 'flex', alignItems: 'center', gap: 8 }}
        >
          <LanguageSwitch />
          <ModeSwitch />
        </div>
        <div className="inner">{children}</div>
      </main>
    </div>
  );
}
