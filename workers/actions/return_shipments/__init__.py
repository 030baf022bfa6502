"""Return shipments (出荷実績戻し): one way per cart."""
