/** Who is using the page. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
