/** The mark of the product: a bastion fort seen from above. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M16 1.500 20.500 8l8-1.500-2.600 7.600 4.100 7-7.900 1.200L20 30l-4-4-4 4-2.600-7.700L1.500 21l4.100-7L3 6.500 11.500 8Z"
        fill="#4d8bf5"
      />
      <path
        d="m16 9.500 5.500 3.200v6.500L16 22.500l-5.500-3.300v-6.500Z"
        fill="none"
        stroke="#fff"
        strokeWidth="2"
        strokeLinejoin="round"
      />
    </svg>
  );
}
