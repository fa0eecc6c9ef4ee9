import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import com.github.luben.zstd.ZstdOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG.Bits;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.internals.BufferSupplier;
import org.apache.kafka.common.utils.internals.ByteBufferOutputStream;
import org.apache.kafka.common.utils.internals.CloseableIterator;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyOutputStream;

/**
 * Record batches between Java's classes and ours, one JSON object a line. `write` prints batches that Java made with
 * what Java reads in them, then compressed texts that Java's codecs made with the SHA-256 of what they hold. `read
 * FILE` takes lines of a name, a space and base64, checks every batch as a broker and a consumer would, and prints
 * what is in it in the same form. Same output in every run.
 */
public class RecordVectors {
    private static final long NOW = 1_700_000_000_000L;
    private static final long DAY = 86_400_000L;
    private static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, StandardCharsets.UTF_8);

    private record Sample(long timestamp, byte[] key, byte[] value, Header[] headers) { }

    private record Named(String name, Compression compression) { }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("write")) {
            writeBatches();
            writeOldSets();
            writeCompressed();
        } else {
            read(Path.of(args[1]));
        }
        OUT.flush();
    }

    // ---- batches ----

    private static void writeBatches() throws Exception {
        for (Named codec : codecs()) {
            for (int count : new int[] {1, 3, 1000}) {
                emit(codec.name + ", " + count + " records", build(codec.compression, TimestampType.CREATE_TIME, NOW,
                    -1L, (short) -1, -1, false, 7L, samples(count)));
            }
            emit(codec.name + ", transactional", build(codec.compression, TimestampType.CREATE_TIME, NOW,
                Long.MAX_VALUE, Short.MAX_VALUE, Integer.MAX_VALUE - 1, true, 1L << 62, samples(5)));
            emit(codec.name + ", log append time", build(codec.compression, TimestampType.LOG_APPEND_TIME, NOW + 5,
                12L, (short) 0, 0, false, 0L, samples(5)));
            emit(codec.name + ", large values", build(codec.compression, TimestampType.CREATE_TIME, NOW,
                1L, (short) 1, 1, false, 0L, largeSamples(codec.name.equals("lz4") ? 140_000 : 3_000)));
        }
        for (int level : new int[] {1, 9}) {
            emit("gzip level " + level, build(Compression.gzip().level(level).build(), samples(50)));
        }
        for (int level : new int[] {1, 17}) {
            emit("lz4 level " + level, build(Compression.lz4().level(level).build(), samples(50)));
        }
        for (int level : new int[] {-20, 1, 19, 22}) {
            emit("zstd level " + level, build(Compression.zstd().level(level).build(), samples(50)));
        }
        emitSpecial();
    }

    private static void emitSpecial() throws Exception {
        for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.ABORT, ControlRecordType.COMMIT}) {
            emit("marker " + type, MemoryRecords.withEndTransactionMarker(99L, NOW, 4, 77L, (short) 3,
                new EndTransactionMarker(type, 21)));
        }
        LeaderChangeMessage leader = new LeaderChangeMessage().setVersion((short) 0).setLeaderId(1);
        emit("leader change", MemoryRecords.withLeaderChangeMessage(5L, NOW, 2, ByteBuffer.allocate(512), leader));

        ByteBuffer empty = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(empty, (byte) 2, 33L, (short) 2, 40, 100L, 149L, 6,
            TimestampType.CREATE_TIME, NOW, true, false);
        empty.flip();
        emit("emptied by compaction", MemoryRecords.readableRecords(empty));

        MemoryRecordsBuilder gaps = builder(Compression.gzip().build(), TimestampType.CREATE_TIME, NOW, -1L, (short) -1, -1,
            false, 1000L, RecordBatch.NO_TIMESTAMP);
        long offset = 1000;
        for (Sample sample : samples(6)) {
            gaps.appendWithOffset(offset, sample.timestamp, sample.key, sample.value, sample.headers);
            offset += 1 + offset % 70;
        }
        gaps.overrideLastOffset(offset + 100);
        emit("gaps", gaps.build());

        MemoryRecordsBuilder horizon = builder(Compression.NONE, TimestampType.CREATE_TIME, NOW, -1L, (short) -1, -1, false,
            8L, NOW + DAY);
        for (Sample sample : samples(3)) horizon.append(sample.timestamp, sample.key, sample.value, sample.headers);
        emit("delete horizon", horizon.build());

        long[] far = {NOW, NOW - 26 * DAY, NOW + 26 * DAY, 0, -1, NOW + (1L << 40), 253_402_300_799_999L, NOW + (1L << 31),
            NOW - (1L << 31), NOW + (1L << 30), NOW - (1L << 30) - 1};
        List<Sample> samples = new ArrayList<>();
        for (long timestamp : far) {
            samples.add(new Sample(timestamp, null, bytes("t" + timestamp), new Header[0]));
        }
        for (Named codec : codecs()) {
            emit(codec.name + ", timestamps far apart", build(codec.compression, samples.toArray(new Sample[0])));
        }
    }

    private static void writeOldSets() throws Exception {
        List<Named> old = List.of(new Named("none", Compression.NONE), new Named("gzip", Compression.gzip().build()),
            new Named("snappy", Compression.snappy().build()), new Named("lz4", Compression.lz4().build()));
        ByteArrayOutputStream mixed = new ByteArrayOutputStream();
        for (byte magic = 0; magic <= 1; magic++) {
            for (Named codec : old) {
                for (int count : new int[] {1, 3, 200}) {
                    mixed.write(emitOld(magic, codec, count, TimestampType.CREATE_TIME));
                }
                if (magic == 1) mixed.write(emitOld(magic, codec, 3, TimestampType.LOG_APPEND_TIME));
            }
            mixed.write(toBytes(build(Compression.lz4().build(), samples(4))));
        }
        emit("formats mixed", MemoryRecords.readableRecords(ByteBuffer.wrap(mixed.toByteArray())));
    }

    private static byte[] emitOld(byte magic, Named codec, int count, TimestampType type) throws Exception {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 16), magic, codec.compression,
            magic == 0 ? TimestampType.NO_TIMESTAMP_TYPE : type, 5_000_000_000L, NOW + 9);
        for (Sample sample : samples(count)) {
            builder.append(magic == 0 ? RecordBatch.NO_TIMESTAMP : Math.max(sample.timestamp, 0), sample.key, sample.value);
        }
        MemoryRecords records = builder.build();
        emit("magic " + magic + ", " + codec.name + ", " + count + " records" + (type == TimestampType.LOG_APPEND_TIME
            ? ", log append time" : ""), records);
        return toBytes(records);
    }

    private static List<Named> codecs() {
        return List.of(new Named("none", Compression.NONE), new Named("gzip", Compression.gzip().build()),
            new Named("snappy", Compression.snappy().build()), new Named("lz4", Compression.lz4().build()),
            new Named("zstd", Compression.zstd().build()));
    }

    private static Sample[] samples(int count) {
        Random random = new Random(count);
        Sample[] samples = new Sample[count];
        for (int i = 0; i < count; i++) {
            byte[] key = i % 5 == 3 ? null : bytes(i % 7 == 2 ? "" : "key-" + i % 11 + (i % 13 == 0 ? "-åäö😀" : ""));
            byte[] value = i % 6 == 4 ? null : bytes("{\"id\":" + i + ",\"text\":\"" + "word ".repeat(random.nextInt(9)) + "\"}");
            samples[i] = new Sample(NOW + random.nextInt(4000) - 2000, key, value, headers(i));
        }
        return samples;
    }

    private static Header[] headers(int i) {
        return switch (i % 4) {
            case 1 -> new Header[] {new RecordHeader("trace", bytes("id-" + i))};
            case 2 -> new Header[] {new RecordHeader("a", bytes("1")), new RecordHeader("b", null),
                new RecordHeader("a", new byte[0]), new RecordHeader("", bytes("é")), new RecordHeader("ключ", new byte[70])};
            default -> new Header[0];
        };
    }

    private static Sample[] largeSamples(int noiseLength) {
        byte[] noise = new byte[noiseLength];
        new Random(1).nextBytes(noise);
        return new Sample[] {new Sample(NOW, bytes("text"), bytes("all work and no play ".repeat(9000)), new Header[0]),
            new Sample(NOW, null, noise, headers(2)), new Sample(NOW, new byte[40_000], null, new Header[0])};
    }

    private static MemoryRecords build(Compression compression, Sample[] samples) {
        return build(compression, TimestampType.CREATE_TIME, NOW, -1L, (short) -1, -1, false, 0L, samples);
    }

    private static MemoryRecords build(Compression compression, TimestampType type, long appendTime, long producerId,
            short epoch, int sequence, boolean transactional, long baseOffset, Sample[] samples) {
        MemoryRecordsBuilder builder = builder(compression, type, appendTime, producerId, epoch, sequence, transactional,
            baseOffset, RecordBatch.NO_TIMESTAMP);
        for (Sample sample : samples) builder.append(sample.timestamp, sample.key, sample.value, sample.headers);
        return builder.build();
    }

    private static MemoryRecordsBuilder builder(Compression compression, TimestampType type, long appendTime,
            long producerId, short epoch, int sequence, boolean transactional, long baseOffset, long deleteHorizon) {
        return new MemoryRecordsBuilder(new ByteBufferOutputStream(1 << 16), (byte) 2, compression, type, baseOffset,
            appendTime, producerId, epoch, sequence, transactional, false, 11, 1 << 20, deleteHorizon);
    }

    // ---- what Java reads ----

    private static void read(Path file) throws Exception {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int space = line.lastIndexOf(' ');
                byte[] bytes = Base64.getDecoder().decode(line.substring(space + 1));
                emit(line.substring(0, space), MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)));
            }
        }
    }

    private static void emit(String name, MemoryRecords records) throws Exception {
        StringBuilder json = new StringBuilder("{\"name\":").append(quoted(name)).append(",\"bytes\":\"")
            .append(base64(toBytes(records))).append("\",\"batches\":[");
        int count = 0;
        for (RecordBatch batch : records.batches()) {
            batch.ensureValid();
            if (count++ > 0) json.append(',');
            appendBatch(json, batch);
        }
        if (records.validBytes() != records.sizeInBytes()) throw new IllegalStateException("rest in " + name);
        OUT.println(json.append("]}"));
    }

    private static void appendBatch(StringBuilder json, RecordBatch batch) {
        json.append("{\"magic\":").append(batch.magic()).append(",\"sizeInBytes\":").append(batch.sizeInBytes())
            .append(",\"baseOffset\":\"").append(batch.baseOffset()).append("\",\"lastOffset\":\"").append(batch.lastOffset())
            .append("\",\"checksum\":").append(batch.checksum()).append(",\"compressionType\":").append(batch.compressionType().id)
            .append(",\"logAppendTime\":").append(batch.timestampType() == TimestampType.LOG_APPEND_TIME)
            .append(",\"transactional\":").append(batch.isTransactional()).append(",\"control\":").append(batch.isControlBatch())
            .append(",\"deleteHorizon\":").append(batch.deleteHorizonMs().isPresent())
            .append(",\"baseTimestamp\":").append(batch instanceof DefaultRecordBatch b ? "" + b.baseTimestamp() : "null")
            .append(",\"maxTimestamp\":").append(batch.maxTimestamp()).append(",\"producerId\":\"").append(batch.producerId())
            .append("\",\"producerEpoch\":").append(batch.producerEpoch()).append(",\"baseSequence\":").append(batch.baseSequence())
            .append(",\"partitionLeaderEpoch\":").append(batch.partitionLeaderEpoch()).append(",\"records\":[");
        int count = 0;
        try (CloseableIterator<Record> records = batch.streamingIterator(BufferSupplier.create())) {
            while (records.hasNext()) {
                if (count++ > 0) json.append(',');
                Record record = records.next();
                record.ensureValid();
                appendRecord(json, record);
            }
        }
        json.append("]}");
    }

    private static void appendRecord(StringBuilder json, Record record) {
        json.append("{\"offset\":\"").append(record.offset()).append("\",\"timestamp\":").append(record.timestamp())
            .append(",\"key\":").append(text(record.hasKey() ? record.key() : null)).append(",\"value\":")
            .append(text(record.hasValue() ? record.value() : null)).append(",\"headers\":[");
        int count = 0;
        for (Header header : record.headers()) {
            if (count++ > 0) json.append(',');
            json.append('[').append(quoted(header.key())).append(',')
                .append(text(header.value() == null ? null : ByteBuffer.wrap(header.value()))).append(']');
        }
        json.append("]}");
    }

    // ---- codecs alone, with settings that Kafka itself does not use ----

    private static void writeCompressed() throws Exception {
        byte[] plain = mixedText(90_000);
        for (BLOCKSIZE size : BLOCKSIZE.values()) {
            emitCompressed("lz4", "blocks of " + size, plain, out -> new LZ4FrameOutputStream(out, size, Bits.BLOCK_INDEPENDENCE));
            emitCompressed("lz4", "checksums, blocks of " + size, plain, out -> new LZ4FrameOutputStream(out, size,
                Bits.BLOCK_INDEPENDENCE, Bits.BLOCK_CHECKSUM, Bits.CONTENT_CHECKSUM));
        }
        emitCompressed("lz4", "content size", plain, out -> new LZ4FrameOutputStream(out, BLOCKSIZE.SIZE_256KB,
            plain.length, Bits.BLOCK_INDEPENDENCE, Bits.CONTENT_SIZE, Bits.CONTENT_CHECKSUM));
        for (int block : new int[] {1 << 10, 32 << 10, 1 << 20}) {
            emitCompressed("snappy", "chunks of " + block, plain, out -> new SnappyOutputStream(out, block));
        }
        emitCompressedBytes("snappy", "a bare block", Snappy.compress(plain), plain);
        byte[] twice = new byte[plain.length * 2];
        System.arraycopy(plain, 0, twice, 0, plain.length);
        System.arraycopy(plain, 0, twice, plain.length, plain.length);
        Wrapper snappy = SnappyOutputStream::new;
        Wrapper gzip = GZIPOutputStream::new;
        Wrapper zstd = out -> new ZstdOutputStream(out, 3).setChecksum(true);
        emitCompressedBytes("snappy", "two streams", twoTimes(snappy, plain), twice);
        emitCompressedBytes("gzip", "two members", twoTimes(gzip, plain), twice);
        emitCompressedBytes("zstd", "two frames with checksums", twoTimes(zstd, plain), twice);
        emitCompressedBytes("zstd", "content size", com.github.luben.zstd.Zstd.compress(plain, 3), plain);
        emitCompressed("zstd", "window of 128 MiB", plain, out -> new ZstdOutputStream(out, 22).setLong(27));
        byte[] zeros = new byte[1_000_000];
        emitCompressedBytes("zstd", "zeros", com.github.luben.zstd.Zstd.compress(zeros, 3), zeros);
        emitCompressedBytes("snappy", "zeros", Snappy.compress(zeros), zeros);
        emitCompressed("lz4", "zeros", zeros, out -> new LZ4FrameOutputStream(out, BLOCKSIZE.SIZE_4MB, Bits.BLOCK_INDEPENDENCE));
    }

    private interface Wrapper {
        OutputStream wrap(OutputStream out) throws Exception;
    }

    private static byte[] twoTimes(Wrapper wrapper, byte[] plain) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < 2; i++) {
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            try (OutputStream stream = wrapper.wrap(one)) {
                stream.write(plain);
            }
            one.writeTo(out);
        }
        return out.toByteArray();
    }

    private static void emitCompressed(String codec, String name, byte[] plain, Wrapper wrapper) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream stream = wrapper.wrap(out)) {
            stream.write(plain);
        }
        emitCompressedBytes(codec, name, out.toByteArray(), plain);
    }

    private static void emitCompressedBytes(String codec, String name, byte[] bytes, byte[] plain) throws Exception {
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(plain));
        OUT.println("{\"codec\":" + quoted(codec) + ",\"name\":" + quoted(name) + ",\"bytes\":\"" + base64(bytes)
            + "\",\"length\":" + plain.length + ",\"sha256\":\"" + hash + "\"}");
    }

    /** Half of it repeats after short and long distances, a part is noise. */
    private static byte[] mixedText(int length) {
        Random random = new Random(42);
        byte[] text = new byte[length];
        for (int at = 0; at < length; ) {
            int size = Math.min(1 + random.nextInt(400), length - at);
            if (at > 0 && random.nextInt(4) > 0) {
                int from = random.nextInt(at);
                for (int i = 0; i < size; i++) text[at + i] = text[from + i];
            } else {
                for (int i = 0; i < size; i++) text[at + i] = (byte) ('a' + random.nextInt(26));
            }
            at += size;
        }
        return text;
    }

    private static byte[] toBytes(MemoryRecords records) {
        ByteBuffer buffer = records.buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static String text(ByteBuffer buffer) {
        if (buffer == null) return "null";
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return "\"" + base64(bytes) + "\"";
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
