//! Images: import, inspection, the chunk store, serving to nodes.
