//! Errors in OpenAI's form: `{"error": {"message": …, "type": …, "code": …}}`.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tutor_index::IndexError;
use tutor_models::embed::EmbedError;
use tutor_models::generate::GenerateError;

use crate::dialogue::Trouble;

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    code: Option<&'static str>,
    /// Seconds after which to try again.
    retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None, retry_after: None }
    }

    /// A request that is wrong in itself.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A request that may come again after `wait`.
    pub(super) fn too_many(message: impl Into<String>, code: &'static str, wait: Duration) -> Self {
        let retry_after = Some(wait.as_secs_f64().ceil().max(1.0) as u64);
        Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, message).with_code(code) }
    }

    pub(super) fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    /// Why a file was not learned.
    pub(super) fn of_file(error: &IndexError) -> Self {
        let (status, code) = match error {
            IndexError::Unsupported { .. } | IndexError::WrongType { .. } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_file")
            }
            IndexError::TooLarge { .. }
            | IndexError::TooManyPages { .. }
            | IndexError::TooManyRows { .. }
            | IndexError::TooManyFiles { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "file_too_large"),
            IndexError::BadName { .. } => (StatusCode::BAD_REQUEST, "bad_name"),
            IndexError::Store { source } if source.kind() == std::io::ErrorKind::StorageFull => {
                (StatusCode::INSUFFICIENT_STORAGE, "disk_full")
            }
            IndexError::Store { .. } | IndexError::Incompatible { .. } | IndexError::Embedder(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "index_failed")
            }
            IndexError::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "unreadable_file"),
        };
        Self::new(status, error.to_string()).with_code(code)
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What a program reads.
    pub(super) fn body(&self) -> Value {
        let kind = match self.status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_client_error() => "invalid_request_error",
            _ => "server_error",
        };
        json!({"error": {"message": self.message, "type": kind, "param": null, "code": self.code}})
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<GenerateError> for Refusal {
    fn from(error: GenerateError) -> Self {
        let message = error.to_string();
        match error {
            GenerateError::PromptTooLong { .. } => Self::bad(message).with_code("context_length_exceeded"),
            GenerateError::BadFormat { .. } => Self::bad(message),
            GenerateError::Busy { wait, .. } => Self::too_many(message, "queue_full", wait),
            GenerateError::TooLate => Self::new(StatusCode::SERVICE_UNAVAILABLE, message),
            GenerateError::Stopped => Self::new(StatusCode::SERVICE_UNAVAILABLE, message),
            GenerateError::Backend { .. } => Self::new(StatusCode::INTERNAL_SERVER_ERROR, message),
        }
    }
}

impl From<EmbedError> for Refusal {
    fn from(error: EmbedError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Model(error) => error.into(),
            Trouble::ModelMissing(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "the model cannot be loaded"),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the tutor failed"),
        }
    }
}
