/** Leads to a part of the file whose page this is. */
import type { ReactNode } from 'react';
import { Link } from 'react-router';

export function PartLink({
  part,
  children,
  className,
}: {
  part: number;
  children: ReactNode;
  className?: string;
}) {
  return (
    <Link
      to={{ search: part === 0 ? '' : `?part=${part}`, hash: '#parts' }}
      replace
      preventScrollReset
      className={className}
    >
      {children}
    </Link>
  );
}
