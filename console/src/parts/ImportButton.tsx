/** The next action wherever there is nothing yet. */
import { ImportOutlined } from '@ant-design/icons';
import { useMay } from '../api/session';
import { useWords } from '../words';
import { Go } from './Act';

export function ImportButton() {
  const { t } = useWords();
  const may = useMay();
  return (
    <Go
      to="/import"
      type="primary"
      icon={<ImportOutlined />}
      denied={may('import') ? null : t('denied.import')}
    >
      {t('import.title')}
    </Go>
  );
}
