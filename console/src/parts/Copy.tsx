/** A small button that copies what stands before it. */
import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { useWords } from '../words';
import { copy } from './files';

const DONE_MS = 1_500;

export function Copy({ text, what }: { text: string; what?: string }) {
  const { t } = useWords();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), DONE_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const label = done ? t('action.copied') : what ? `${t('action.copy')} ${what}` : t('action.copy');
  return (
    <Button
      type="text"
      size="small"
      className="copy"
      icon={done ? <CheckOutlined className="tone-fixed" /> : <CopyOutlined />}
      aria-label={label}
      title={label}
      onClick={() => void copy(text).then(() => setDone(true))}
    />
  );
}
