FROM gradle:8-jdk21 as BUILD
COPY --chown=gradle:gradle . /home/gradle/src
WORKDIR /home/gradle/src
RUN gradle build --no-daemon
from eclipse-temurin:21
copy --from=build /home/gradle/src/build/libs/*.jar /app/
