//! Reads whole request bodies, within limits of size and time.

use axum::body::{Body, Bytes, HttpBody};
use ghostlight_proto::Code;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::Gateway;
use crate::refusal::Refusal;

/// A refused body is read on and discarded, up to this many times the largest body.
const LINGER: usize = 32;

/// The text of a body.
///
/// # Errors
/// If it is not UTF-8.
pub(crate) fn text(body: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(body).map_err(|_| Refusal::bad_input("the text is not UTF-8"))
}

/// Reads a body of `most` bytes at most.
///
/// # Errors
/// If the body is too large, does not arrive in time, or breaks off.
pub(crate) async fn read(gateway: &Gateway, mut body: Body, most: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > most as u64 {
        linger(gateway, body);
        return Err(Refusal::too_large(most));
    }
    let collected = Limited::new(&mut body, most).collect();
    match tokio::time::timeout(gateway.limits.stall, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            linger(gateway, body);
            Err(Refusal::too_large(most))
        }
        Ok(Err(error)) => Err(Refusal::bad_input(error.to_string())),
        Err(_) => {
            let detail = format!("the body did not come within {} s", gateway.limits.stall.as_secs_f32());
            Err(Refusal::new(Code::TooSlow, detail))
        }
    }
}

/// Reads and discards the rest of a refused body in a task of its own: many clients read the response only after they
/// have sent everything, and closing the connection before that can lose it.
pub(crate) fn linger(gateway: &Gateway, body: Body) {
    let most = gateway.limits.message_bytes.saturating_mul(LINGER);
    let rest = async move {
        let mut body = Limited::new(body, most);
        while let Some(Ok(_)) = body.frame().await {}
    };
    let rest = tokio::time::timeout(gateway.limits.stall, rest);
    let closing = gateway.closing();
    gateway.tasks.spawn(async move { closing.run_until_cancelled(rest).await });
}
