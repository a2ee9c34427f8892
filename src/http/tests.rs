//! The API's handlers on a scripted model.
