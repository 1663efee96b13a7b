package zerocopy

const PumpSize = pumpSize
