//! How a collector gets its first certificate, and the next ones.

use super::{Server, peer};
use crate::error::NotEnrolled;
use crate::proto::enrolment_server::Enrolment;
use crate::proto::{EnrolRequest, Issued, RenewRequest};
use crate::register;
use crate::take::Take;
use tonic::{Code, Request, Response, Status};

/// Bytes of what is looked at as a token.
const TOKEN_BYTES_MAX: usize = 200;

#[tonic::async_trait]
impl<T: Take> Enrolment for Server<T> {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<Issued>, Status> {
        let EnrolRequest { token, request, machine } = request.into_inner();
        if token.len() > TOKEN_BYTES_MAX {
            return Err(status(NotEnrolled::Token));
        }
        let (register, now) = (self.inner.register.clone(), self.inner.now());
        written(move || register.enrol(&token, &request, &machine, now)).await
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<Issued>, Status> {
        let peer = peer(&request).ok_or_else(|| status(NotEnrolled::NoCertificate))?;
        let (register, now) = (self.inner.register.clone(), self.inner.now());
        let request = request.into_inner().request;
        written(move || register.renew(&peer, &request, now)).await
    }
}

/// Signing and writing it down take a disk's time.
async fn written(
    issue: impl FnOnce() -> Result<register::Issued, NotEnrolled> + Send + 'static,
) -> Result<Response<Issued>, Status> {
    let issued = tokio::task::spawn_blocking(issue).await.map_err(|_| status(NotEnrolled::Failed))?;
    let register::Issued { certificate, authority } = issued.map_err(status)?;
    let bytes = |der: rustls::pki_types::CertificateDer<'_>| der.to_vec().into();
    Ok(Response::new(Issued { certificate: bytes(certificate), authority: bytes(authority) }))
}

/// What is said of why not, as a word that [`reason`] reads.
fn status(why: NotEnrolled) -> Status {
    let code = match why {
        NotEnrolled::Token | NotEnrolled::Revoked => Code::PermissionDenied,
        NotEnrolled::Request => Code::InvalidArgument,
        NotEnrolled::NoCertificate => Code::Unauthenticated,
        NotEnrolled::TooMany => Code::ResourceExhausted,
        NotEnrolled::Failed => Code::Unavailable,
    };
    Status::new(code, word(why))
}

fn word(why: NotEnrolled) -> &'static str {
    match why {
        NotEnrolled::Token => "token",
        NotEnrolled::Request => "request",
        NotEnrolled::Revoked => "revoked",
        NotEnrolled::NoCertificate => "no-certificate",
        NotEnrolled::TooMany => "too-many",
        NotEnrolled::Failed => "failed",
    }
}

/// Why the server said no, if it was the server's own word.
pub(crate) fn reason(status: &Status) -> Option<NotEnrolled> {
    NotEnrolled::ALL.into_iter().find(|why| word(*why) == status.message())
}
