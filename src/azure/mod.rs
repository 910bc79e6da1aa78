//! The ARM and Microsoft Graph protocol: sign-in, pipeline, long-running operations, reading live state.
