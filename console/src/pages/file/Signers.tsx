/** Who signed a file, and whether what they sign is trusted. */
import { SafetyCertificateOutlined } from '@ant-design/icons';
import { useState } from 'react';
import { Link } from 'react-router';
import type { FileDetail } from '../../api/model';
import type { FileSigner } from '../../api/model';
import { certificateOf } from '../../api/publishers';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Copy } from '../../parts/Copy';
import { instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { useWords } from '../../words';
import { Trust } from '../files/Trust';

export function Signers({ detail }: { detail: FileDetail }) {
  const { t } = useWords();
  const { report } = detail;
  const signers = report?.signers ?? [];
  if (signers.length === 0) return null;
  return (
    <ul className="signers" aria-label={t('publisher.signed-by')}>
      {signers.map((signer) => (
        <Signer key={`${signer.name} ${signer.thumbprint}`} signer={signer} detail={detail} />
      ))}
    </ul>
  );
}

function Signer({ signer, detail }: { signer: FileSigner; detail: FileDetail }) {
  const { t } = useWords();
  const actor = useActor();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const sha1 = signer.thumbprint?.toLowerCase();
  const trusted = detail.trusted.find((publisher) => publisher.sha1 === sha1);
  const certificate =
    sha1 && detail.report ? certificateOf(detail.report, sha1) : { subject: null, issuer: null };
  return (
    <li>
      <span className="muted nowrap" title={t('publisher.signed-note')}>
        <SafetyCertificateOutlined aria-hidden="true" /> {t('publisher.signed-by')}
      </span>
      <span className="signer">
        <Name text={certificate.subject ?? signer.name} className="strong anywhere" />
        {sha1 && (
          <span className="digest small">
            <span className="muted">SHA-1</span> <span className="mono anywhere">{sha1}</span>
            <Copy text={sha1} what="SHA-1" />
          </span>
        )}
        {trusted && (
          <span className="small">
            <Link to="/files/lists" className="chip first file-list-allow">
              {t('publisher.trusted')}
            </Link>{' '}
            <Name text={trusted.name} className="strong anywhere" />{' '}
            <Name text={trusted.reason} className="anywhere" />
            <span className="muted num">
              {' '}
              — {actor(trusted.owner)}, {instant(trusted.added)}
            </span>
          </span>
        )}
      </span>
      {sha1 && !trusted && (
        <Act
          size="small"
          denied={may('judge-files') ? null : t('denied.publishers')}
          onClick={() => setAsking(true)}
        >
          {t('publisher.trust')}
        </Act>
      )}
      {asking && sha1 && (
        <Trust
          given={{
            ...certificate,
            name: signer.name,
            sha1,
            malicious: detail.report?.verdict.state === 'malicious',
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}
