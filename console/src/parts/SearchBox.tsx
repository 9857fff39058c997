/** A search field above a table. On paper there is no field, but what was searched for. */
import { Input } from 'antd';
import { useEffect, useState } from 'react';

/** Asks once the typing pauses. */
export function SearchBox({
  value,
  onSearch,
  label,
  width = 220,
}: {
  value: string;
  onSearch: (text: string) => void;
  label: string;
  width?: number;
}) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onSearch(text), 350);
    return () => clearTimeout(timer);
  }, [text, value, onSearch]);
  return (
    <>
      <Input.Search
        size="small"
        allowClear
        style={{ width }}
        placeholder={label}
        aria-label={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onSearch={onSearch}
      />
      {value && (
        <span className="only-print">
          {label}: {value}
        </span>
      )}
    </>
  );
}
