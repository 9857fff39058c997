/** The foot of a long table: how many there are, and the way to the next page. */
import { Button } from 'antd';
import { useWords } from '../words';
import { count } from './format';
import { usePages } from './url';

export function Pager({ total, shown, next }: { total?: number; shown: number; next: string | undefined }) {
  const { t, language } = useWords();
  const pages = usePages(next);
  if (pages.first && !next && total === undefined) return null;
  return (
    <div className="pager num no-print">
      <span aria-live="polite">
        {total === undefined
          ? t('pager.page', { page: pages.page })
          : t('pager.total', { total: count(total, language), shown: count(shown, language) })}
      </span>
      <span className="grow" />
      {(!pages.first || next) && (
        <>
          <Button size="small" disabled={!pages.back} onClick={pages.back}>
            {t('action.previous')}
          </Button>
          <Button size="small" disabled={!pages.forward} onClick={pages.forward}>
            {t('action.next')}
          </Button>
        </>
      )}
    </div>
  );
}
